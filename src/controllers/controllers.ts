import type { Term } from '../base/brand.ts'
import type { Scope } from '../base/scope.ts'
import { paths } from '../client/resources.ts'
import { admissionPolicyStatusController } from './admission-policy-status.ts'
import { apiServiceController } from './api-service.ts'
import { certificateApprover } from './certificates/approver.ts'
import { certificateCleaner } from './certificates/cleaner.ts'
import { certificateSigner } from './certificates/signer.ts'
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts'
import type { Controller, ControllerContext, ControllersOptions } from './controller.ts'
import { cronJobController } from './cron-job/run.ts'
import { customResourceDefinitionController } from './custom-resource-definition.ts'
import { daemonSetController } from './daemon-set/run.ts'
import { deploymentController } from './deployment/run.ts'
import { disruptionController } from './disruption/run.ts'
import { endpointSliceController } from './endpoint-slice/run.ts'
import { endpointSliceMirroringController } from './endpoint-slice-mirroring/run.ts'
import { endpointsController } from './endpoints/run.ts'
import { EventLoopSlice } from './event-loop-slice.ts'
import { garbageCollector } from './garbage-collector/run.ts'
import { jobOrphanController } from './job/orphans.ts'
import { jobController } from './job/run.ts'
import { ttlAfterFinishedController } from './job/ttl-after-finished.ts'
import { namespaceController } from './namespace/run.ts'
import { Heartbeats } from './node-lifecycle/heartbeats.ts'
import { nodeLifecycleController } from './node-lifecycle/run.ts'
import { podGcController } from './pod-gc.ts'
import { replicaSetController, replicationController } from './replica-set/run.ts'
import { resourceQuotaController } from './resource-quota.ts'
import { runController } from './runner.ts'
import { serviceAccountController } from './service-account.ts'
import { statefulSetController } from './stateful-set/run.ts'
import { tokenCleaner } from './token-cleaner.ts'

export interface Controllers {
  /** Starts the copies that controllers decide from; every master keeps them, leader or not. */
  warm(scope: Scope): void
  /** Runs all controllers, writing under `term`, until the scope closes. */
  startLeading(term: Term, scope: Scope): Promise<void>
}

type Build = (context: ControllerContext, heartbeats: Heartbeats) => Controller

/** Each with the name by which Kubernetes' users know it from Events. */
const builds: readonly (readonly [component: string, build: Build])[] = [
  ['node-controller', nodeLifecycleController],
  ['endpoint-slice-controller', endpointSliceController],
  ['endpoints-controller', endpointsController],
  ['endpoint-slice-mirroring-controller', endpointSliceMirroringController],
  ['replicaset-controller', replicaSetController],
  ['replication-controller', replicationController],
  ['deployment-controller', deploymentController],
  ['daemonset-controller', daemonSetController],
  ['statefulset-controller', statefulSetController],
  ['job-controller', jobController],
  ['job-controller', jobOrphanController],
  ['cronjob-controller', cronJobController],
  ['ttl-after-finished-controller', ttlAfterFinishedController],
  ['garbage-collector-controller', garbageCollector],
  ['namespace-controller', namespaceController],
  ['pod-garbage-collector-controller', podGcController],
  ['service-account-controller', serviceAccountController],
  ['clusterrole-aggregation-controller', clusterRoleAggregationController],
  ['disruption-controller', disruptionController],
  ['token-cleaner', tokenCleaner],
  ['certificate-controller', certificateApprover],
  ['certificate-controller', certificateSigner],
  ['certificate-controller', certificateCleaner],
  ['resourcequota-controller', resourceQuotaController],
  ['api-service-controller', apiServiceController],
  ['custom-resource-definition-controller', customResourceDefinitionController],
  ['validatingadmissionpolicy-status-controller', admissionPolicyStatusController],
]

/** The controllers of the cluster: warm on every master, at work on the leader only. */
export function createControllers(options: ControllersOptions): Controllers {
  const { clientOf, recorderOf, ...shared } = options
  const heartbeats = new Heartbeats(options.clock)
  const slice = new EventLoopSlice(options.clock)
  return {
    warm(scope) {
      for (const path of Object.values(paths))
        if (path !== paths.events) shared.informers.informer(path)
      heartbeats.listen(shared.informers, scope)
      shared.informers.start(scope)
    },
    async startLeading(term, scope) {
      const client = clientOf(term)
      const pause = () => slice.pause()
      const controllers = builds.map(([component, build]) => {
        const recorder = recorderOf(client, component)
        scope.onClose(`recorder of ${component}`, () => recorder.stop())
        return build({ ...shared, client, recorder, term, pause }, heartbeats)
      })
      await Promise.race([shared.informers.synced(), closing(scope)])
      if (scope.closed) return
      for (const controller of controllers) runController(controller, { ...shared, pause }, scope)
      shared.emit('controller', 'controllers-started', { term })
    },
  }
}

function closing(scope: Scope): Promise<void> {
  return new Promise((resolve) => scope.onClose('start of the controllers', resolve))
}
