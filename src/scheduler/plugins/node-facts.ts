import { tolerates } from '../../kinds/node-selection.ts'
import { type Plugin, rejection } from '../plugin.ts'

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }
const wrongNode = rejection("node(s) didn't match the requested node name", false)
const cordoned = rejection('node(s) were unschedulable', false)
const portTaken = rejection("node(s) didn't have free ports for the requested pod ports", true)

/** Keeps pods off cordoned nodes, unless they tolerate the taint that stands for it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: new Set(['node-added', 'node-taints']),
  filter(pod) {
    if (pod.tolerations.some((one) => tolerates(one, unschedulableTaint))) return undefined
    return (node) => (node.unschedulable ? cordoned : undefined)
  },
}

/** Honours spec.nodeName for pods that are checked again although they name a node. */
export const nodeName: Plugin = {
  name: 'NodeName',
  events: new Set(['node-added']),
  filter(pod) {
    const wanted = pod.pod.spec?.nodeName
    return wanted ? (node) => (node.name === wanted ? undefined : wrongNode) : undefined
  },
}

/** A host port is given out once a node, protocol and address. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: new Set(['node-added', 'pod-removed']),
  filter(pod) {
    const ports = pod.hostPorts
    if (ports.length === 0) return undefined
    return (node) => (ports.some((port) => node.portTaken(port)) ? portTaken : undefined)
  },
}
