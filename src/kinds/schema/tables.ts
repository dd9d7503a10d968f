import { certificatesTable } from './access/certificates.ts'
import { flowControlTable } from './access/flow-control.ts'
import { rbacTable } from './access/rbac.ts'
import { componentStatusTable } from './component-status.ts'
import { containerTable } from './container.ts'
import { eventsTable } from './events.ts'
import { admissionPoliciesTable } from './extension/admission-policies.ts'
import { admissionWebhooksTable } from './extension/admission-webhooks.ts'
import { apiExtensionsTable } from './extension/api-extensions.ts'
import { apiRegistrationTable } from './extension/api-registration.ts'
import { metaTable } from './meta.ts'
import { endpointsTable } from './network/endpoints.ts'
import { ingressTable } from './network/ingress.ts'
import { networkPoliciesTable } from './network/network-policies.ts'
import { serviceAddressesTable } from './network/service-addresses.ts'
import { networkingTable } from './networking.ts'
import { nodeTable } from './node.ts'
import { podTable } from './pod.ts'
import { resourcesTable } from './resources.ts'
import { reviewsTable } from './reviews.ts'
import { persistentVolumesTable } from './storage/persistent-volumes.ts'
import { resourceClaimsTable } from './storage/resource-claims.ts'
import { resourceSlicesTable } from './storage/resource-slices.ts'
import { storageClassesTable } from './storage/storage-classes.ts'
import { volumesTable } from './volumes.ts'
import { autoscalingTable } from './workload/autoscaling.ts'
import { batchTable } from './workload/batch.ts'
import { daemonSetsTable } from './workload/daemon-sets.ts'
import { disruptionTable } from './workload/disruption.ts'
import { quotaTable } from './workload/quota.ts'
import { replicationControllersTable } from './workload/replication-controllers.ts'
import { schedulingTable } from './workload/scheduling.ts'
import { statefulSetsTable } from './workload/stateful-sets.ts'
import { workloadsTable } from './workloads.ts'

/** The texts of the schema table; their order means nothing. */
export const schemaTables: readonly string[] = [
  admissionPoliciesTable,
  admissionWebhooksTable,
  apiExtensionsTable,
  apiRegistrationTable,
  autoscalingTable,
  batchTable,
  certificatesTable,
  componentStatusTable,
  containerTable,
  daemonSetsTable,
  disruptionTable,
  endpointsTable,
  eventsTable,
  flowControlTable,
  ingressTable,
  metaTable,
  networkPoliciesTable,
  networkingTable,
  nodeTable,
  persistentVolumesTable,
  podTable,
  quotaTable,
  rbacTable,
  replicationControllersTable,
  resourceClaimsTable,
  resourceSlicesTable,
  resourcesTable,
  reviewsTable,
  schedulingTable,
  serviceAddressesTable,
  statefulSetsTable,
  storageClassesTable,
  volumesTable,
  workloadsTable,
]
