/** Pods beside their containers and volumes. The form of a line is explained in ../schema.ts. */
export const podTable = `
definition io.k8s.api.core.v1.Affinity
  nodeAffinity 1 NodeAffinity
  podAffinity 2 PodAffinity
  podAntiAffinity 3 PodAntiAffinity

definition io.k8s.api.core.v1.HostAlias
  hostnames 2 []string list=atomic
  ip 1 string!

definition io.k8s.api.core.v1.HostIP
  ip 1 string!

definition io.k8s.api.core.v1.ImageVolumeStatus
  imageRef 1 string!

definition io.k8s.api.core.v1.LocalObjectReference atomic
  name 1 string

definition io.k8s.api.core.v1.NodeAffinity
  preferredDuringSchedulingIgnoredDuringExecution 2 []PreferredSchedulingTerm list=atomic
  requiredDuringSchedulingIgnoredDuringExecution 1 NodeSelector

definition io.k8s.api.core.v1.NodeSelector atomic
  nodeSelectorTerms 1 []NodeSelectorTerm! list=atomic

definition io.k8s.api.core.v1.NodeSelectorRequirement
  key 1 string!
  operator 2 string! enum=DoesNotExist,Exists,Gt,In,Lt,NotIn
  values 3 []string list=atomic

definition io.k8s.api.core.v1.NodeSelectorTerm atomic
  matchExpressions 1 []NodeSelectorRequirement list=atomic
  matchFields 2 []NodeSelectorRequirement list=atomic

definition io.k8s.api.core.v1.Pod gvk=/v1/Pod
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 PodSpec
  status 3 PodStatus

definition io.k8s.api.core.v1.PodAffinity
  preferredDuringSchedulingIgnoredDuringExecution 2 []WeightedPodAffinityTerm list=atomic
  requiredDuringSchedulingIgnoredDuringExecution 1 []PodAffinityTerm list=atomic

definition io.k8s.api.core.v1.PodAffinityTerm
  labelSelector 1 LabelSelector
  matchLabelKeys 5 []string list=atomic
  mismatchLabelKeys 6 []string list=atomic
  namespaceSelector 4 LabelSelector
  namespaces 2 []string list=atomic
  topologyKey 3 string!

definition io.k8s.api.core.v1.PodAntiAffinity
  preferredDuringSchedulingIgnoredDuringExecution 2 []WeightedPodAffinityTerm list=atomic
  requiredDuringSchedulingIgnoredDuringExecution 1 []PodAffinityTerm list=atomic

definition io.k8s.api.core.v1.PodCondition
  lastProbeTime 3 time
  lastTransitionTime 4 time
  message 6 string
  observedGeneration 7 int64
  reason 5 string
  status 2 string!
  type 1 string!

definition io.k8s.api.core.v1.PodDNSConfig
  nameservers 1 []string list=atomic
  options 3 []PodDNSConfigOption list=atomic
  searches 2 []string list=atomic

definition io.k8s.api.core.v1.PodDNSConfigOption
  name 1 string
  value 2 string pointer

definition io.k8s.api.core.v1.PodIP
  ip 1 string!

definition io.k8s.api.core.v1.PodList gvk=/v1/PodList | A page of Pod objects.
  apiVersion - string
  items 2 []Pod!
  kind - string
  metadata 1 ListMeta

definition io.k8s.api.core.v1.PodOS
  name 1 string!

definition io.k8s.api.core.v1.PodReadinessGate
  conditionType 1 string!

definition io.k8s.api.core.v1.PodSchedulingGate
  name 1 string!

definition io.k8s.api.core.v1.PodSchedulingGroup
  podGroupName 1 string pointer

definition io.k8s.api.core.v1.PodSpec
  activeDeadlineSeconds 5 int64 pointer
  affinity 18 Affinity
  automountServiceAccountToken 21 bool pointer
  containers 2 []Container! list=map:name patch=merge:name
  dnsConfig 26 PodDNSConfig
  dnsPolicy 6 string enum=ClusterFirst,ClusterFirstWithHostNet,Default,None default="ClusterFirst"
  enableServiceLinks 30 bool pointer
  ephemeralContainers 34 []EphemeralContainer list=map:name patch=merge:name
  hostAliases 23 []HostAlias list=map:ip patch=merge:ip
  hostIPC 13 bool
  hostNetwork 11 bool
  hostPID 12 bool
  hostUsers 37 bool pointer
  hostname 16 string
  hostnameOverride 41 string pointer
  imagePullSecrets 15 []LocalObjectReference list=map:name patch=merge:name
  initContainers 20 []Container list=map:name patch=merge:name
  nodeName 10 string
  nodeSelector 7 {}string map=atomic
  os 36 PodOS
  overhead 32 {}quantity
  preemptionPolicy 31 string enum=Never,PreemptLowerPriority pointer
  priority 25 int32 pointer
  priorityClassName 24 string
  readinessGates 28 []PodReadinessGate list=atomic
  resourceClaims 39 []PodResourceClaim list=map:name patch=merge+retainKeys:name
  resources 40 ResourceRequirements
  restartPolicy 3 string enum=Always,Never,OnFailure default="Always"
  runtimeClassName 29 string pointer
  schedulerName 19 string default="default-scheduler"
  schedulingGates 38 []PodSchedulingGate list=map:name patch=merge:name
  schedulingGroup 43 PodSchedulingGroup
  securityContext 14 PodSecurityContext default={}
  serviceAccount 9 string
  serviceAccountName 8 string
  setHostnameAsFQDN 35 bool pointer
  shareProcessNamespace 27 bool pointer
  subdomain 17 string
  terminationGracePeriodSeconds 4 int64 default=30 pointer
  tolerations 22 []Toleration list=atomic
  topologySpreadConstraints 33 []TopologySpreadConstraint list=map:topologyKey,whenUnsatisfiable patch=merge:topologyKey
  volumes 1 []Volume list=map:name patch=merge+retainKeys:name

definition io.k8s.api.core.v1.PodStatus
  allocatedResources 19 {}quantity
  conditions 2 []PodCondition list=map:type patch=merge:type
  containerStatuses 8 []ContainerStatus list=atomic
  ephemeralContainerStatuses 13 []ContainerStatus list=atomic
  extendedResourceClaimStatus 18 PodExtendedResourceClaimStatus
  hostIP 5 string
  hostIPs 16 []HostIP list=atomic patch=merge:ip
  initContainerStatuses 10 []ContainerStatus list=atomic
  message 3 string
  nodeAllocatableResourceClaimStatuses 21 []NodeAllocatableResourceClaimStatus list=atomic
  nominatedNodeName 11 string
  observedGeneration 17 int64
  phase 1 string enum=Failed,Pending,Running,Succeeded,Unknown
  podIP 6 string
  podIPs 12 []PodIP list=map:ip patch=merge:ip
  qosClass 9 string enum=BestEffort,Burstable,Guaranteed
  reason 4 string
  resize 14 string
  resourceClaimStatuses 15 []PodResourceClaimStatus list=map:name patch=merge+retainKeys:name
  resources 20 ResourceRequirements
  startTime 7 time

definition io.k8s.api.core.v1.PodTemplateSpec
  metadata 1 ObjectMeta
  spec 2 PodSpec

definition io.k8s.api.core.v1.PreferredSchedulingTerm
  preference 2 NodeSelectorTerm!
  weight 1 int32!

definition io.k8s.api.core.v1.Sysctl
  name 1 string!
  value 2 string!

definition io.k8s.api.core.v1.Toleration
  effect 4 string enum=NoExecute,NoSchedule,PreferNoSchedule
  key 1 string
  operator 2 string enum=Equal,Exists,Gt,Lt
  tolerationSeconds 5 int64 pointer
  value 3 string

definition io.k8s.api.core.v1.TopologySpreadConstraint
  labelSelector 4 LabelSelector
  matchLabelKeys 8 []string list=atomic
  maxSkew 1 int32!
  minDomains 5 int32 pointer
  nodeAffinityPolicy 6 string enum=Honor,Ignore pointer
  nodeTaintsPolicy 7 string enum=Honor,Ignore pointer
  topologyKey 2 string!
  whenUnsatisfiable 3 string! enum=DoNotSchedule,ScheduleAnyway

definition io.k8s.api.core.v1.TypedLocalObjectReference atomic
  apiGroup 1 string pointer
  kind 2 string!
  name 3 string!

definition io.k8s.api.core.v1.WeightedPodAffinityTerm
  podAffinityTerm 2 PodAffinityTerm!
  weight 1 int32!
`
