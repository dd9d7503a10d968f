import type { NodeSpec } from '../../kinds/types.ts'
import type { AdmissionPlugin } from './plugin.ts'

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/**
 * A new node takes no pods until it has said that it is ready
 * (plugin/pkg/admission/nodetaint/admission.go); the node controller takes the taint away.
 */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  resources: ['nodes'],
  complete({ info }, node) {
    if (info.subresource !== '') return
    const spec = (node['spec'] ?? {}) as NodeSpec
    const taints = spec.taints ?? []
    if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return
    node['spec'] = { ...spec, taints: [...taints, { ...notReady }] }
  },
}
