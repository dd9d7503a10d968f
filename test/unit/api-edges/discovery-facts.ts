/**
 * What Kubernetes 1.36 says in discovery about its resources: group and version, resource, singular,
 * kind, scope, verbs (`*` for all eight), short names, categories; below each, its subresources with
 * the kind of their bodies and their verbs.
 */
export const discoveryFacts = `
core/v1 bindings binding Binding Namespaced create short= in=
core/v1 componentstatuses componentstatus ComponentStatus Cluster get,list short=cs in=
core/v1 configmaps configmap ConfigMap Namespaced * short=cm in=
core/v1 endpoints endpoints Endpoints Namespaced * short=ep in=
core/v1 events event Event Namespaced * short=ev in=
core/v1 limitranges limitrange LimitRange Namespaced * short=limits in=
core/v1 namespaces namespace Namespace Cluster create,delete,get,list,patch,update,watch short=ns in=
  finalize Namespace update
  status Namespace get,patch,update
core/v1 nodes node Node Cluster * short=no in=
  proxy NodeProxyOptions create,delete,get,patch,update
  status Node get,patch,update
core/v1 persistentvolumeclaims persistentvolumeclaim PersistentVolumeClaim Namespaced * short=pvc in=
  status PersistentVolumeClaim get,patch,update
core/v1 persistentvolumes persistentvolume PersistentVolume Cluster * short=pv in=
  status PersistentVolume get,patch,update
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
core/v1 podtemplates podtemplate PodTemplate Namespaced * short= in=
core/v1 replicationcontrollers replicationcontroller ReplicationController Namespaced * short=rc in=all
  scale autoscaling/v1/Scale get,patch,update
  status ReplicationController get,patch,update
core/v1 resourcequotas resourcequota ResourceQuota Namespaced * short=quota in=
  status ResourceQuota get,patch,update
core/v1 secrets secret Secret Namespaced * short= in=
core/v1 serviceaccounts serviceaccount ServiceAccount Namespaced * short=sa in=
  token authentication.k8s.io/v1/TokenRequest create
core/v1 services service Service Namespaced * short=svc in=all
  proxy ServiceProxyOptions create,delete,get,patch,update
  status Service get,patch,update
apiregistration.k8s.io/v1 apiservices apiservice APIService Cluster * short= in=api-extensions
  status APIService get,patch,update
apps/v1 controllerrevisions controllerrevision ControllerRevision Namespaced * short= in=
apps/v1 daemonsets daemonset DaemonSet Namespaced * short=ds in=all
  status DaemonSet get,patch,update
apps/v1 deployments deployment Deployment Namespaced * short=deploy in=all
  scale autoscaling/v1/Scale get,patch,update
  status Deployment get,patch,update
apps/v1 replicasets replicaset ReplicaSet Namespaced * short=rs in=all
  scale autoscaling/v1/Scale get,patch,update
  status ReplicaSet get,patch,update
apps/v1 statefulsets statefulset StatefulSet Namespaced * short=sts in=all
  scale autoscaling/v1/Scale get,patch,update
  status StatefulSet get,patch,update
events.k8s.io/v1 events event Event Namespaced * short=ev in=
authentication.k8s.io/v1 selfsubjectreviews selfsubjectreview SelfSubjectReview Cluster create short= in=
authentication.k8s.io/v1 tokenreviews tokenreview TokenReview Cluster create short= in=
authorization.k8s.io/v1 localsubjectaccessreviews localsubjectaccessreview LocalSubjectAccessReview Namespaced create short= in=
authorization.k8s.io/v1 selfsubjectaccessreviews selfsubjectaccessreview SelfSubjectAccessReview Cluster create short= in=
authorization.k8s.io/v1 selfsubjectrulesreviews selfsubjectrulesreview SelfSubjectRulesReview Cluster create short= in=
authorization.k8s.io/v1 subjectaccessreviews subjectaccessreview SubjectAccessReview Cluster create short= in=
autoscaling/v2 horizontalpodautoscalers horizontalpodautoscaler HorizontalPodAutoscaler Namespaced * short=hpa in=all
  status HorizontalPodAutoscaler get,patch,update
autoscaling/v1 horizontalpodautoscalers horizontalpodautoscaler HorizontalPodAutoscaler Namespaced * short=hpa in=all
  status HorizontalPodAutoscaler get,patch,update
batch/v1 cronjobs cronjob CronJob Namespaced * short=cj in=all
  status CronJob get,patch,update
batch/v1 jobs job Job Namespaced * short= in=all
  status Job get,patch,update
certificates.k8s.io/v1 certificatesigningrequests certificatesigningrequest CertificateSigningRequest Cluster * short=csr in=
  approval CertificateSigningRequest get,patch,update
  status CertificateSigningRequest get,patch,update
networking.k8s.io/v1 ingressclasses ingressclass IngressClass Cluster * short= in=
networking.k8s.io/v1 ingresses ingress Ingress Namespaced * short=ing in=
  status Ingress get,patch,update
networking.k8s.io/v1 ipaddresses ipaddress IPAddress Cluster * short=ip in=
networking.k8s.io/v1 networkpolicies networkpolicy NetworkPolicy Namespaced * short=netpol in=
networking.k8s.io/v1 servicecidrs servicecidr ServiceCIDR Cluster * short= in=
  status ServiceCIDR get,patch,update
policy/v1 poddisruptionbudgets poddisruptionbudget PodDisruptionBudget Namespaced * short=pdb in=
  status PodDisruptionBudget get,patch,update
rbac.authorization.k8s.io/v1 clusterrolebindings clusterrolebinding ClusterRoleBinding Cluster * short= in=
rbac.authorization.k8s.io/v1 clusterroles clusterrole ClusterRole Cluster * short= in=
rbac.authorization.k8s.io/v1 rolebindings rolebinding RoleBinding Namespaced * short= in=
rbac.authorization.k8s.io/v1 roles role Role Namespaced * short= in=
storage.k8s.io/v1 csidrivers csidriver CSIDriver Cluster * short= in=
storage.k8s.io/v1 csinodes csinode CSINode Cluster * short= in=
storage.k8s.io/v1 csistoragecapacities csistoragecapacity CSIStorageCapacity Namespaced * short= in=
storage.k8s.io/v1 storageclasses storageclass StorageClass Cluster * short=sc in=
storage.k8s.io/v1 volumeattachments volumeattachment VolumeAttachment Cluster * short= in=
  status VolumeAttachment get,patch,update
storage.k8s.io/v1 volumeattributesclasses volumeattributesclass VolumeAttributesClass Cluster * short=vac in=
admissionregistration.k8s.io/v1 mutatingadmissionpolicies mutatingadmissionpolicy MutatingAdmissionPolicy Cluster * short= in=api-extensions
admissionregistration.k8s.io/v1 mutatingadmissionpolicybindings mutatingadmissionpolicybinding MutatingAdmissionPolicyBinding Cluster * short= in=api-extensions
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations mutatingwebhookconfiguration MutatingWebhookConfiguration Cluster * short= in=api-extensions
admissionregistration.k8s.io/v1 validatingadmissionpolicies validatingadmissionpolicy ValidatingAdmissionPolicy Cluster * short= in=api-extensions
  status ValidatingAdmissionPolicy get,patch,update
admissionregistration.k8s.io/v1 validatingadmissionpolicybindings validatingadmissionpolicybinding ValidatingAdmissionPolicyBinding Cluster * short= in=api-extensions
admissionregistration.k8s.io/v1 validatingwebhookconfigurations validatingwebhookconfiguration ValidatingWebhookConfiguration Cluster * short= in=api-extensions
apiextensions.k8s.io/v1 customresourcedefinitions customresourcedefinition CustomResourceDefinition Cluster * short=crd,crds in=api-extensions
  status CustomResourceDefinition get,patch,update
scheduling.k8s.io/v1 priorityclasses priorityclass PriorityClass Cluster * short=pc in=
coordination.k8s.io/v1 leases lease Lease Namespaced * short= in=
node.k8s.io/v1 runtimeclasses runtimeclass RuntimeClass Cluster * short= in=
discovery.k8s.io/v1 endpointslices endpointslice EndpointSlice Namespaced * short= in=
resource.k8s.io/v1 deviceclasses deviceclass DeviceClass Cluster * short= in=
resource.k8s.io/v1 resourceclaims resourceclaim ResourceClaim Namespaced * short= in=
  status ResourceClaim get,patch,update
resource.k8s.io/v1 resourceclaimtemplates resourceclaimtemplate ResourceClaimTemplate Namespaced * short= in=
resource.k8s.io/v1 resourceslices resourceslice ResourceSlice Cluster * short= in=
flowcontrol.apiserver.k8s.io/v1 flowschemas flowschema FlowSchema Cluster * short= in=
  status FlowSchema get,patch,update
flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations prioritylevelconfiguration PriorityLevelConfiguration Cluster * short= in=
  status PriorityLevelConfiguration get,patch,update
`
