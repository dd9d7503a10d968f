import { clusterStoreContract } from '../../contract/cluster-store.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

clusterStoreContract('memory store', async () => {
  const { store } = await openMemoryStore()
  return { store, stop: () => store.stop() }
})
