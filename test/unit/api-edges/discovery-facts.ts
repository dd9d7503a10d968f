/**
 * What Kubernetes 1.36 says in discovery about the resources that are served here: group and version,
 * resource, singular, kind, scope, verbs (`*` for all eight), short names, categories; below each,
 * its subresources with the kind of their bodies and their verbs.
 */
export const discoveryFacts = `
core/v1 configmaps configmap ConfigMap Namespaced * short=cm in=
core/v1 events event Event Namespaced * short=ev in=
core/v1 namespaces namespace Namespace Cluster create,delete,get,list,patch,update,watch short=ns in=
  finalize Namespace update
  status Namespace get,patch,update
core/v1 nodes node Node Cluster * short=no in=
  proxy NodeProxyOptions create,delete,get,patch,update
  status Node get,patch,update
core/v1 pods pod Pod Namespaced * short=po in=all
  attach PodAttachOptions create,get
  binding Binding create
  ephemeralcontainers Pod get,patch,update
  eviction policy/v1/Eviction create
  exec PodExecOptions create,get
  log Pod get
  portforward PodPortForwardOptions create,get
  proxy PodProxyOptions create,delete,get,patch,update
  resize Pod get,patch,update
  status Pod get,patch,update
core/v1 secrets secret Secret Namespaced * short= in=
core/v1 serviceaccounts serviceaccount ServiceAccount Namespaced * short=sa in=
  token authentication.k8s.io/v1/TokenRequest create
core/v1 services service Service Namespaced * short=svc in=all
  proxy ServiceProxyOptions create,delete,get,patch,update
  status Service get,patch,update
apps/v1 deployments deployment Deployment Namespaced * short=deploy in=all
  scale autoscaling/v1/Scale get,patch,update
  status Deployment get,patch,update
apps/v1 replicasets replicaset ReplicaSet Namespaced * short=rs in=all
  scale autoscaling/v1/Scale get,patch,update
  status ReplicaSet get,patch,update
coordination.k8s.io/v1 leases lease Lease Namespaced * short= in=
discovery.k8s.io/v1 endpointslices endpointslice EndpointSlice Namespaced * short= in=
authentication.k8s.io/v1 selfsubjectreviews selfsubjectreview SelfSubjectReview Cluster create short= in=
authorization.k8s.io/v1 localsubjectaccessreviews localsubjectaccessreview LocalSubjectAccessReview Namespaced create short= in=
authorization.k8s.io/v1 selfsubjectaccessreviews selfsubjectaccessreview SelfSubjectAccessReview Cluster create short= in=
authorization.k8s.io/v1 selfsubjectrulesreviews selfsubjectrulesreview SelfSubjectRulesReview Cluster create short= in=
authorization.k8s.io/v1 subjectaccessreviews subjectaccessreview SubjectAccessReview Cluster create short= in=
`
