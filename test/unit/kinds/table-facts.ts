/**
 * The columns that Kubernetes 1.36 prints, by group, version and resource: name, type, format, and
 * `wide` for those that show with -o wide alone.
 */
export const tableFacts = `
v1/componentstatuses Name:string/name; Status:string; Message:string; Error:string
v1/configmaps Name:string/name; Data:string; Age:string
v1/endpoints Name:string/name; Endpoints:string; Age:string
v1/events Last Seen:string; Type:string; Reason:string; Object:string; Subobject:string wide; Source:string wide; Message:string; First Seen:string wide; Count:string wide; Name:string/name wide
v1/limitranges Name:string/name; Created At:date
v1/namespaces Name:string/name; Status:string; Age:string
v1/nodes Name:string/name; Status:string; Roles:string; Age:string; Version:string; Internal-IP:string wide; External-IP:string wide; OS-Image:string wide; Kernel-Version:string wide; Container-Runtime:string wide
v1/persistentvolumeclaims Name:string/name; Status:string; Volume:string; Capacity:string; Access Modes:string; StorageClass:string; VolumeAttributesClass:string; Age:string; VolumeMode:string wide
v1/persistentvolumes Name:string/name; Capacity:string; Access Modes:string; Reclaim Policy:string; Status:string; Claim:string; StorageClass:string; VolumeAttributesClass:string; Reason:string; Age:string; VolumeMode:string wide
v1/pods Name:string/name; Ready:string; Status:string; Restarts:string; Age:string; IP:string wide; Node:string wide; Nominated Node:string wide; Readiness Gates:string wide
v1/podtemplates Name:string/name; Containers:string; Images:string; Pod Labels:string
v1/replicationcontrollers Name:string/name; Desired:integer; Current:integer; Ready:integer; Age:string; Containers:string wide; Images:string wide; Selector:string wide
v1/resourcequotas Name:string/name; Request:string; Limit:string; Age:string
v1/secrets Name:string/name; Type:string; Data:string; Age:string
v1/serviceaccounts Name:string/name; Age:string
v1/services Name:string/name; Type:string; Cluster-IP:string; External-IP:string; Port(s):string; Age:string; Selector:string wide
apiregistration.k8s.io/v1/apiservices Name:string/name; Service:string; Available:string; Age:string
apps/v1/controllerrevisions Name:string/name; Controller:string; Revision:string; Age:string
apps/v1/daemonsets Name:string/name; Desired:integer; Current:integer; Ready:integer; Up-to-date:integer; Available:integer; Node Selector:string; Age:string; Containers:string wide; Images:string wide; Selector:string wide
apps/v1/deployments Name:string/name; Ready:string; Up-to-date:string; Available:string; Age:string; Containers:string wide; Images:string wide; Selector:string wide
apps/v1/replicasets Name:string/name; Desired:integer; Current:integer; Ready:integer; Age:string; Containers:string wide; Images:string wide; Selector:string wide
apps/v1/statefulsets Name:string/name; Ready:string; Age:string; Containers:string wide; Images:string wide
events.k8s.io/v1/events Last Seen:string; Type:string; Reason:string; Object:string; Subobject:string wide; Source:string wide; Message:string; First Seen:string wide; Count:string wide; Name:string/name wide
autoscaling/v2/horizontalpodautoscalers Name:string/name; Reference:string; Targets:string; MinPods:string; MaxPods:string; Replicas:string; Age:string
autoscaling/v1/horizontalpodautoscalers Name:string/name; Reference:string; Targets:string; MinPods:string; MaxPods:string; Replicas:string; Age:string
batch/v1/cronjobs Name:string/name; Schedule:string; Timezone:string; Suspend:boolean; Active:integer; Last Schedule:string; Age:string; Containers:string wide; Images:string wide; Selector:string wide
batch/v1/jobs Name:string/name; Status:string; Completions:string; Duration:string; Age:string; Containers:string wide; Images:string wide; Selector:string wide
certificates.k8s.io/v1/certificatesigningrequests Name:string/name; Age:string; SignerName:string; Requestor:string; RequestedDuration:string; Condition:string
networking.k8s.io/v1/ingressclasses Name:string/name; Controller:string; Parameters:string; Age:string
networking.k8s.io/v1/ingresses Name:string/name; Class:string; Hosts:string; Address:string; Ports:string; Age:string
networking.k8s.io/v1/ipaddresses Name:string/name; ParentRef:string
networking.k8s.io/v1/networkpolicies Name:string/name; Pod-Selector:string; Age:string
networking.k8s.io/v1/servicecidrs Name:string/name; CIDRs:string; Age:string
policy/v1/poddisruptionbudgets Name:string/name; Min Available:string; Max Unavailable:string; Allowed Disruptions:integer; Age:string
rbac.authorization.k8s.io/v1/clusterrolebindings Name:string/name; Role:string; Age:string; Users:string wide; Groups:string wide; ServiceAccounts:string wide
rbac.authorization.k8s.io/v1/clusterroles Name:string/name; Created At:date
rbac.authorization.k8s.io/v1/rolebindings Name:string/name; Role:string; Age:string; Users:string wide; Groups:string wide; ServiceAccounts:string wide
rbac.authorization.k8s.io/v1/roles Name:string/name; Created At:date
storage.k8s.io/v1/csidrivers Name:string/name; AttachRequired:boolean; PodInfoOnMount:boolean; StorageCapacity:boolean; TokenRequests:string; RequiresRepublish:boolean; Modes:string; Age:string
storage.k8s.io/v1/csinodes Name:string/name; Drivers:integer; Age:string
storage.k8s.io/v1/csistoragecapacities Name:string/name; Created At:date
storage.k8s.io/v1/storageclasses Name:string/name; Provisioner:string; ReclaimPolicy:string; VolumeBindingMode:string; AllowVolumeExpansion:string; Age:string
storage.k8s.io/v1/volumeattachments Name:string/name; Attacher:string/name; PV:string; Node:string; Attached:boolean; Age:string
storage.k8s.io/v1/volumeattributesclasses Name:string/name; DriverName:string; Age:string
admissionregistration.k8s.io/v1/mutatingadmissionpolicies Name:string/name; Mutations:integer; ParamKind:string; Age:string
admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings Name:string/name; PolicyName:string; ParamRef:string; Age:string
admissionregistration.k8s.io/v1/mutatingwebhookconfigurations Name:string/name; Webhooks:integer; Age:string
admissionregistration.k8s.io/v1/validatingadmissionpolicies Name:string/name; Validations:integer; ParamKind:string; Age:string
admissionregistration.k8s.io/v1/validatingadmissionpolicybindings Name:string/name; PolicyName:string; ParamRef:string; Age:string
admissionregistration.k8s.io/v1/validatingwebhookconfigurations Name:string/name; Webhooks:integer; Age:string
apiextensions.k8s.io/v1/customresourcedefinitions Name:string/name; Created At:date
scheduling.k8s.io/v1/priorityclasses Name:string/name; Value:integer; Global-Default:boolean; Age:string; PreemptionPolicy:string
coordination.k8s.io/v1/leases Name:string/name; Holder:string; Age:string
node.k8s.io/v1/runtimeclasses Name:string/name; Handler:string; Age:string
discovery.k8s.io/v1/endpointslices Name:string/name; AddressType:string; Ports:string; Endpoints:string; Age:string
resource.k8s.io/v1/deviceclasses Name:string/name; Age:string
resource.k8s.io/v1/resourceclaims Name:string/name; State:string; Age:string
resource.k8s.io/v1/resourceclaimtemplates Name:string/name; Age:string
resource.k8s.io/v1/resourceslices Name:string/name; Node:string; Driver:string; Pool:string; Age:string
flowcontrol.apiserver.k8s.io/v1/flowschemas Name:string/name; PriorityLevel:string; MatchingPrecedence:string; DistinguisherMethod:string; Age:string; MissingPL:string
flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations Name:string/name; Type:string; NominalConcurrencyShares:string; Queues:string; HandSize:string; QueueLengthLimit:string; Age:string
`
