/** Pods beside their containers and volumes. The form of a line is explained in ../schema.ts. */
export const podTable = `
definition io.k8s.api.core.v1.Affinity | Which nodes and neighbours a pod wants.
  nodeAffinity 1 NodeAffinity pointer | Which nodes.
  podAffinity 2 PodAffinity pointer | Near which pods.
  podAntiAffinity 3 PodAntiAffinity pointer | Away from which pods.

definition io.k8s.api.core.v1.HostAlias | One line for /etc/hosts.
  hostnames 2 []string list=atomic | Names for the address.
  ip 1 string! | IP address.

definition io.k8s.api.core.v1.HostIP | An address of a node.
  ip 1 string! | IP address.

definition io.k8s.api.core.v1.ImageVolumeStatus | The image that is mounted.
  imageRef 1 string! | Digest of the image that is mounted.

definition io.k8s.api.core.v1.LocalObjectReference atomic | An object of the same namespace, by name.
  name 1 string | Name of it.

definition io.k8s.api.core.v1.NodeAffinity | Which nodes a pod wants.
  preferredDuringSchedulingIgnoredDuringExecution 2 []PreferredSchedulingTerm list=atomic | Wishes with weights; a node may be chosen against them.
  requiredDuringSchedulingIgnoredDuringExecution 1 NodeSelector pointer | Demands; a node that breaks one is not chosen.

definition io.k8s.api.core.v1.NodeSelector atomic | Alternatives that select nodes.
  nodeSelectorTerms 1 []NodeSelectorTerm! list=atomic | Alternatives; one must hold.

definition io.k8s.api.core.v1.NodeSelectorRequirement | One condition on a node.
  key 1 string! | Key to look up.
  operator 2 string! enum=DoesNotExist,Exists,Gt,In,Lt,NotIn | How key and values are compared.
  values 3 []string list=atomic | Values to compare with.

definition io.k8s.api.core.v1.NodeSelectorTerm atomic | Conditions that must all hold.
  matchExpressions 1 []NodeSelectorRequirement list=atomic | Conditions; all must hold.
  matchFields 2 []NodeSelectorRequirement list=atomic | Conditions on fields; all must hold.

definition io.k8s.api.core.v1.Pod gvk=/v1/Pod | Containers that run together on one node.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PodSpec | What is wanted.
  status 3 PodStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.PodAffinity | Near which pods.
  preferredDuringSchedulingIgnoredDuringExecution 2 []WeightedPodAffinityTerm list=atomic | Wishes with weights; a node may be chosen against them.
  requiredDuringSchedulingIgnoredDuringExecution 1 []PodAffinityTerm list=atomic | Demands; a node that breaks one is not chosen.

definition io.k8s.api.core.v1.PodAffinityTerm | Pods, and what counts as one place.
  labelSelector 1 LabelSelector pointer | Which pods are counted.
  matchLabelKeys 5 []string list=atomic | Labels whose values are taken from the new pod.
  mismatchLabelKeys 6 []string list=atomic | Labels in which the others must differ from the new pod.
  namespaceSelector 4 LabelSelector pointer | Which namespaces, by label.
  namespaces 2 []string list=atomic | Which namespaces, by name.
  topologyKey 3 string! | Label of nodes; nodes with the same value are one place.

definition io.k8s.api.core.v1.PodAntiAffinity | Away from which pods.
  preferredDuringSchedulingIgnoredDuringExecution 2 []WeightedPodAffinityTerm list=atomic | Wishes with weights; a node may be chosen against them.
  requiredDuringSchedulingIgnoredDuringExecution 1 []PodAffinityTerm list=atomic | Demands; a node that breaks one is not chosen.

definition io.k8s.api.core.v1.PodCondition | One observation of a pod.
  lastProbeTime 3 time | When it was last checked.
  lastTransitionTime 4 time | When the status last changed.
  message 6 string | The reason in a sentence, for people.
  observedGeneration 7 int64 | Generation of the spec that the status speaks of.
  reason 5 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.core.v1.PodDNSConfig | Settings for DNS.
  nameservers 1 []string list=atomic | Addresses of DNS servers.
  options 3 []PodDNSConfigOption list=atomic | Options.
  searches 2 []string list=atomic | Domains in which short names are looked up.

definition io.k8s.api.core.v1.PodDNSConfigOption | One option for DNS.
  name 1 string | Name of it.
  value 2 string pointer | The value.

definition io.k8s.api.core.v1.PodIP | One address of a pod.
  ip 1 string! | IP address.

definition io.k8s.api.core.v1.PodList gvk=/v1/PodList | A page of Pod objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Pod! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.PodOS | Operating system that a pod is made for.
  name 1 string! | Name of it.

definition io.k8s.api.core.v1.PodReadinessGate | A condition that must be true for the pod to be ready.
  conditionType 1 string! | Type of the condition that must be true.

definition io.k8s.api.core.v1.PodSchedulingGate | Holds a pod back from scheduling.
  name 1 string! | Name of it.

definition io.k8s.api.core.v1.PodSchedulingGroup | Pods that are scheduled together.
  podGroupName 1 string pointer | Name of the pod group.

definition io.k8s.api.core.v1.PodSpec | What a pod runs, and where.
  activeDeadlineSeconds 5 int64 pointer | Seconds the pod may run before it is ended.
  affinity 18 Affinity pointer | Which nodes and neighbours it wants.
  automountServiceAccountToken 21 bool pointer | False to keep the token out of the containers.
  containers 2 []Container! list=map:name patch=merge:name | The containers; at least one.
  dnsConfig 26 PodDNSConfig pointer | Settings for DNS, beside what the policy gives.
  dnsPolicy 6 string enum=ClusterFirst,ClusterFirstWithHostNet,Default,None default="ClusterFirst" | Where the DNS settings come from.
  enableServiceLinks 30 bool pointer | False to leave out the variables for services.
  ephemeralContainers 34 []EphemeralContainer list=map:name patch=merge:name | Containers that were added for debugging.
  hostAliases 23 []HostAlias list=map:ip patch=merge:ip | More lines for /etc/hosts.
  hostIPC 13 bool | True to share the node's IPC namespace.
  hostNetwork 11 bool | True to share the node's network.
  hostPID 12 bool | True to see the node's processes.
  hostUsers 37 bool pointer | False to give the pod users of its own.
  hostname 16 string | Host name of the pod.
  hostnameOverride 41 string pointer | Host name, whatever else would give it.
  imagePullSecrets 15 []LocalObjectReference list=map:name patch=merge:name | Secrets for pulling images.
  initContainers 20 []Container list=map:name patch=merge:name | Containers that run to their end, one by one, before the others start.
  nodeName 10 string | Node that the pod is bound to.
  nodeSelector 7 {}string map=atomic | Labels that the node must have.
  os 36 PodOS pointer | Operating system that the pod is made for.
  overhead 32 {}quantity | What the sandbox itself needs.
  preemptionPolicy 31 string enum=Never,PreemptLowerPriority pointer | Whether others may be removed to make room.
  priority 25 int32 pointer | The higher, the earlier it is scheduled.
  priorityClassName 24 string | Name of the priority class.
  readinessGates 28 []PodReadinessGate list=atomic | Conditions that must be true beside ready containers.
  resourceClaims 39 []PodResourceClaim list=map:name patch=merge+retainKeys:name | Claims that containers may use.
  resources 40 ResourceRequirements pointer | Computing resources that it asks for and may use.
  restartPolicy 3 string enum=Always,Never,OnFailure default="Always" | When ended containers start again: Always, OnFailure or Never.
  runtimeClassName 29 string pointer | Name of the runtime class.
  schedulerName 19 string default="default-scheduler" | Which scheduler places the pod.
  schedulingGates 38 []PodSchedulingGate list=map:name patch=merge:name | The pod is not scheduled while there is one.
  schedulingGroup 43 PodSchedulingGroup pointer | Pods that are scheduled together.
  securityContext 14 PodSecurityContext default={} pointer | Users, groups and privileges.
  serviceAccount 9 string | Older name of serviceAccountName.
  serviceAccountName 8 string | As whom the containers speak to the API.
  setHostnameAsFQDN 35 bool pointer | True to make the host name the full name.
  shareProcessNamespace 27 bool pointer | True to let the containers see each other's processes.
  subdomain 17 string | Domain of the pod within its namespace.
  terminationGracePeriodSeconds 4 int64 default=30 pointer | Seconds between the polite and the hard end.
  tolerations 22 []Toleration list=atomic | Taints that do not keep the pod away.
  topologySpreadConstraints 33 []TopologySpreadConstraint list=map:topologyKey,whenUnsatisfiable patch=merge:topologyKey | How the pods spread over places.
  volumes 1 []Volume list=map:name patch=merge+retainKeys:name | What containers may mount.

definition io.k8s.api.core.v1.PodStatus | What is known of a pod.
  allocatedResources 19 {}quantity | What the node has set aside for it.
  conditions 2 []PodCondition list=map:type patch=merge:type | Whether it is scheduled, initialized and ready.
  containerStatuses 8 []ContainerStatus list=atomic | One a container.
  ephemeralContainerStatuses 13 []ContainerStatus list=atomic | One an ephemeral container.
  extendedResourceClaimStatus 18 PodExtendedResourceClaimStatus pointer | The claim made for extended resources.
  hostIP 5 string | Address of the node.
  hostIPs 16 []HostIP list=atomic patch=merge:ip | Addresses of the node.
  initContainerStatuses 10 []ContainerStatus list=atomic | One an init container.
  message 3 string | The reason in a sentence, for people.
  nodeAllocatableResourceClaimStatuses 21 []NodeAllocatableResourceClaimStatus list=atomic | What claims take of the node's resources.
  nominatedNodeName 11 string | Where room is being made for the pod.
  observedGeneration 17 int64 | Generation of the spec that the status speaks of.
  phase 1 string enum=Failed,Pending,Running,Succeeded,Unknown | Pending, Running, Succeeded, Failed or Unknown.
  podIP 6 string | Address of the pod.
  podIPs 12 []PodIP list=map:ip patch=merge:ip | Addresses of the pod, one a family.
  qosClass 9 string enum=BestEffort,Burstable,Guaranteed | Who is killed first when memory runs out.
  reason 4 string | The reason in one word, for programs.
  resize 14 string | How far a change of resources has come.
  resourceClaimStatuses 15 []PodResourceClaimStatus list=map:name patch=merge+retainKeys:name | The claims made for the pod.
  resources 20 ResourceRequirements pointer | Computing resources that it asks for and may use.
  startTime 7 time pointer | When the node took the pod.

definition io.k8s.api.core.v1.PodTemplateSpec | What new pods look like.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PodSpec | What is wanted.

definition io.k8s.api.core.v1.PreferredSchedulingTerm | A wish with a weight.
  preference 2 NodeSelectorTerm! | What is wished for.
  weight 1 int32! | How much it counts, 1 to 100.

definition io.k8s.api.core.v1.Sysctl | One kernel setting.
  name 1 string! | Name of it.
  value 2 string! | The value.

definition io.k8s.api.core.v1.Toleration | A taint that does not keep the pod away.
  effect 4 string enum=NoExecute,NoSchedule,PreferNoSchedule | What a taint does to pods that do not tolerate it.
  key 1 string | Name of the taint; empty for all.
  operator 2 string enum=Equal,Exists,Gt,Lt | Exists, or Equal to compare the values.
  tolerationSeconds 5 int64 pointer | Seconds the pod may stay after the taint came.
  value 3 string | The value.

definition io.k8s.api.core.v1.TopologySpreadConstraint | How pods spread over places.
  labelSelector 4 LabelSelector pointer | Which pods are counted.
  matchLabelKeys 8 []string list=atomic | Labels whose values are taken from the new pod.
  maxSkew 1 int32! | How far the fullest and the emptiest place may differ.
  minDomains 5 int32 pointer | Places that there must be at least.
  nodeAffinityPolicy 6 string enum=Honor,Ignore pointer | Whether nodes that the pod does not want count.
  nodeTaintsPolicy 7 string enum=Honor,Ignore pointer | Whether nodes with taints count.
  topologyKey 2 string! | Label of nodes; nodes with the same value are one place.
  whenUnsatisfiable 3 string! enum=DoNotSchedule,ScheduleAnyway | What happens when no node fits.

definition io.k8s.api.core.v1.TypedLocalObjectReference atomic | An object of the same namespace, by kind and name.
  apiGroup 1 string pointer | API group; empty for the core group.
  kind 2 string! | Name of the kind in camel case, such as Pod.
  name 3 string! | Name of it.

definition io.k8s.api.core.v1.WeightedPodAffinityTerm | A wish with a weight.
  podAffinityTerm 2 PodAffinityTerm! | What is wished for.
  weight 1 int32! | How much it counts, 1 to 100.
`
