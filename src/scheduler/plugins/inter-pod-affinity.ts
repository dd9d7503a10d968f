import { type Plugin, rejection } from '../plugin.ts'
import type { PodSet } from '../pod-info.ts'

const noCompany = rejection("node(s) didn't match pod affinity rules", false)
const badCompany = rejection("node(s) didn't match pod anti-affinity rules", true)
const unwelcome = rejection("node(s) didn't satisfy existing pods anti-affinity rules", true)

/** Pods beside or away from other pods (interpodaffinity/{filtering,scoring}.go). */
export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  events: new Set(['node-added', 'node-labels', 'pod-assigned', 'pod-removed', 'pod-changed']),
  filter(pod, snapshot) {
    const against = [...snapshot.antiTermsAgainst(pod)]
    const { affinity, antiAffinity } = pod
    if (affinity.length + antiAffinity.length + against.length === 0) return undefined
    const wanted: PodSet = {
      key: affinity.map((term) => term.key).join('&'),
      matches: (other) => affinity.every((term) => term.matches(other)),
    }
    const company = affinity.length > 0 ? snapshot.counter(wanted) : undefined
    // The first of a group that wants to be together would otherwise never find company.
    const first = company?.total === 0 && wanted.matches(pod)
    const avoided = antiAffinity.map((term) => ({ term, counter: snapshot.counter(term) }))
    return (node) => {
      if (company)
        for (const { topologyKey } of affinity) {
          const count = company.inDomain(topologyKey, node)
          if (count === undefined || (count === 0 && !first)) return noCompany
        }
      for (const { term, counter } of avoided)
        if ((counter.inDomain(term.topologyKey, node) ?? 0) > 0) return badCompany
      for (const { term, holders } of against)
        if ((holders.inDomain(term.topologyKey, node) ?? 0) > 0) return unwelcome
      return undefined
    }
  },
  score(pod, snapshot) {
    if (pod.preferred.length === 0) return undefined
    const terms = pod.preferred.map(({ term, weight }) => ({
      topologyKey: term.topologyKey,
      weight,
      counter: snapshot.counter(term),
    }))
    return {
      weight: 2,
      normalize: 'range',
      score: (node) =>
        terms.reduce(
          (sum, { topologyKey, weight, counter }) =>
            sum + weight * (counter.inDomain(topologyKey, node) ?? 0),
          0,
        ),
    }
  },
}
