/**
 * The ClusterRoles that every cluster begins with, as Kubernetes 1.36 has them
 * (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go). `role NAME [label …]` begins a role,
 * `aggregate LABEL` says from which others it is made; every other line is a rule:
 *
 *     verbs | groups | resources [| names]        or        verbs | /path /path…
 *
 * `core` is the group without a name; `read` is get list watch, `write` is create delete
 * deletecollection patch update. A line `events` lets its holder write Events.
 */
export const clusterRolesTable = `
role cluster-admin
  * | * | *
  * | *

role admin
  aggregate aggregate-to-admin
role edit aggregate-to-admin
  aggregate aggregate-to-edit
role view aggregate-to-edit
  aggregate aggregate-to-view

role system:aggregate-to-admin aggregate-to-admin
  create | authorization.k8s.io | localsubjectaccessreviews
  read write | rbac.authorization.k8s.io | rolebindings roles

role system:aggregate-to-edit aggregate-to-edit
  read | core | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy
  impersonate | core | serviceaccounts
  write | core | pods pods/attach pods/exec pods/portforward pods/proxy
  create | core | pods/eviction
  write | core | configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy
  create | core | serviceaccounts/token
  write | apps | daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale
  write | autoscaling | horizontalpodautoscalers
  write | batch | cronjobs jobs
  write | extensions | daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale
  write | policy | poddisruptionbudgets
  write | networking.k8s.io | ingresses networkpolicies
  read write | coordination.k8s.io | leases
  write | resource.k8s.io | resourceclaims resourceclaimtemplates

role system:aggregate-to-view aggregate-to-view
  read | core | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status
  read | core | bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status
  read | core | namespaces
  read | discovery.k8s.io | endpointslices
  read | apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status
  read | autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status
  read | batch | cronjobs cronjobs/status jobs jobs/status
  read | extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale
  read | policy | poddisruptionbudgets poddisruptionbudgets/status
  read | networking.k8s.io | ingresses ingresses/status networkpolicies
  read | resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates

role system:basic-user
  create | authorization.k8s.io | selfsubjectaccessreviews selfsubjectrulesreviews
  create | authentication.k8s.io | selfsubjectreviews
role system:discovery
  get | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/
role system:public-info-viewer
  get | /healthz /livez /readyz /version /version/
role system:monitoring
  get | /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*
role system:service-account-issuer-discovery
  get | /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/

role system:auth-delegator
  create | authentication.k8s.io | tokenreviews
  create | authorization.k8s.io | subjectaccessreviews
role system:kube-aggregator
  read | core | endpoints services
role system:kubelet-api-admin
  read | core | nodes
  proxy | core | nodes
  * | core | nodes/log nodes/metrics nodes/proxy nodes/stats
  * | core | nodes/configz nodes/healthz nodes/pods
role system:node-bootstrapper
  create read | certificates.k8s.io | certificatesigningrequests
role system:node-problem-detector
  get | core | nodes
  patch | core | nodes/status
  events
role system:node-proxier
  list watch | core | endpoints services
  read | core | nodes
  events
  list watch | discovery.k8s.io | endpointslices
  list watch | networking.k8s.io | servicecidrs

role kijabi:node-proxier
  list watch | discovery.k8s.io | endpointslices

role system:node
  create | authentication.k8s.io | tokenreviews
  create | authorization.k8s.io | localsubjectaccessreviews subjectaccessreviews
  read | core | services
  create read | core | nodes
  patch update | core | nodes/status
  patch update | core | nodes
  create patch update | core | events
  read | core | pods
  create delete | core | pods
  patch update | core | pods/status
  create | core | pods/eviction
  read | core | configmaps secrets
  get | core | persistentvolumeclaims persistentvolumes
  get | core | endpoints
  create read | certificates.k8s.io | certificatesigningrequests
  create delete get patch update | coordination.k8s.io | leases
  get | storage.k8s.io | volumeattachments
  create | core | serviceaccounts/token
  get patch update | core | persistentvolumeclaims/status
  read | storage.k8s.io | csidrivers
  create delete get patch update | storage.k8s.io | csinodes
  read | node.k8s.io | runtimeclasses
  get | resource.k8s.io | resourceclaims
  deletecollection | resource.k8s.io | resourceslices

role system:kube-scheduler
  events
  create | coordination.k8s.io | leases
  get update | coordination.k8s.io | leases | kube-scheduler
  read | core | nodes
  delete read | core | pods
  create | core | bindings pods/binding
  patch update | core | pods/status
  read | core | replicationcontrollers services
  read | apps extensions | replicasets
  read | apps | statefulsets
  read | policy | poddisruptionbudgets
  read | core | persistentvolumeclaims persistentvolumes
  create | authentication.k8s.io | tokenreviews
  create | authorization.k8s.io | subjectaccessreviews
  read | storage.k8s.io | csinodes
  read | storage.k8s.io | volumeattachments
  read | core | namespaces
  read | storage.k8s.io | csidrivers
  read | storage.k8s.io | csistoragecapacities
  read | resource.k8s.io | deviceclasses
  read patch update | resource.k8s.io | resourceclaims
  read patch update | resource.k8s.io | resourceclaims/status
  patch update | resource.k8s.io | resourceclaims/binding
  read patch update | core | pods/finalizers
  read | resource.k8s.io | resourceslices
role system:volume-scheduler
  read patch update | core | persistentvolumes
  read | storage.k8s.io | storageclasses
  read patch update | core | persistentvolumeclaims
role system:persistent-volume-provisioner
  create delete read | core | persistentvolumes
  read update | core | persistentvolumeclaims
  read | storage.k8s.io | storageclasses
  watch | core | events
  events
role system:kube-dns
  list watch | core | endpoints services
role system:kube-controller-manager
  events
  create | coordination.k8s.io | leases
  get update | coordination.k8s.io | leases | kube-controller-manager
  create | core | secrets serviceaccounts
  delete | core | secrets
  get | core | configmaps namespaces secrets serviceaccounts
  update | core | secrets serviceaccounts
  create | authentication.k8s.io | tokenreviews
  create | authorization.k8s.io | subjectaccessreviews
  list watch | * | *
  create | core | serviceaccounts/token

role system:certificates.k8s.io:certificatesigningrequests:nodeclient
  create | certificates.k8s.io | certificatesigningrequests/nodeclient
role system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  create | certificates.k8s.io | certificatesigningrequests/selfnodeclient
role system:certificates.k8s.io:kube-apiserver-client-approver
  approve | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client
role system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
  approve | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client-kubelet
role system:certificates.k8s.io:kubelet-serving-approver
  approve | certificates.k8s.io | signers | kubernetes.io/kubelet-serving
role system:certificates.k8s.io:legacy-unknown-approver
  approve | certificates.k8s.io | signers | kubernetes.io/legacy-unknown
`
