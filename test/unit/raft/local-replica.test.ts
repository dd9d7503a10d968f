import { replicaContract } from '../../contract/replica.ts'
import { LocalCluster } from './local-cluster.ts'

replicaContract(
  'local replica, simulated disk, memory links',
  async (t) => new LocalCluster(t, Math.floor(performance.now() * 1000) % 1_000_000),
)
