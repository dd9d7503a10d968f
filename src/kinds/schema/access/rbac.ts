/** Roles and who gets them. The form of a line is explained in ../../schema.ts. */
export const rbacTable = `
definition io.k8s.api.rbac.v1.AggregationRule | How a cluster role is made of others.
  clusterRoleSelectors 1 []LabelSelector list=atomic | Labels of cluster roles whose rules it takes over; one match is enough.

definition io.k8s.api.rbac.v1.ClusterRole gvk=rbac.authorization.k8s.io/v1/ClusterRole | Rules that hold in every namespace and for cluster-wide resources.
  aggregationRule 3 AggregationRule pointer | Makes a controller fill in the rules from other cluster roles.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  rules 2 []PolicyRule list=atomic | What is allowed.

definition io.k8s.api.rbac.v1.ClusterRoleBinding gvk=rbac.authorization.k8s.io/v1/ClusterRoleBinding | Grants a cluster role everywhere.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  roleRef 3 RoleRef! | The cluster role; never changes.
  subjects 2 []Subject list=atomic | Who gets the role.

definition io.k8s.api.rbac.v1.ClusterRoleBindingList gvk=rbac.authorization.k8s.io/v1/ClusterRoleBindingList | A page of ClusterRoleBinding objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ClusterRoleBinding! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.rbac.v1.ClusterRoleList gvk=rbac.authorization.k8s.io/v1/ClusterRoleList | A page of ClusterRole objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ClusterRole! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.rbac.v1.PolicyRule | Verbs on resources or paths that are allowed.
  apiGroups 2 []string list=atomic | API groups, * for all.
  nonResourceURLs 5 []string list=atomic | Paths, with * at the end for all below.
  resourceNames 4 []string list=atomic | Names of objects; empty for all.
  resources 3 []string list=atomic | Resources in the plural, * for all; resource/part for a subresource.
  verbs 1 []string! list=atomic | Verbs such as get, list and create; * for all.

definition io.k8s.api.rbac.v1.Role gvk=rbac.authorization.k8s.io/v1/Role | Rules that hold in one namespace.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  rules 2 []PolicyRule list=atomic | What is allowed.

definition io.k8s.api.rbac.v1.RoleBinding gvk=rbac.authorization.k8s.io/v1/RoleBinding | Grants a role, or a cluster role, in one namespace.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  roleRef 3 RoleRef! | The role or cluster role; never changes.
  subjects 2 []Subject list=atomic | Who gets the role.

definition io.k8s.api.rbac.v1.RoleBindingList gvk=rbac.authorization.k8s.io/v1/RoleBindingList | A page of RoleBinding objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []RoleBinding! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.rbac.v1.RoleList gvk=rbac.authorization.k8s.io/v1/RoleList | A page of Role objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Role! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.rbac.v1.RoleRef atomic | A role, by kind and name.
  apiGroup 1 string | API group; empty for the core group.
  kind 2 string! | Role or ClusterRole.
  name 3 string! | Name of the role.

definition io.k8s.api.rbac.v1.Subject atomic | A user, a group or a service account.
  apiGroup 2 string | rbac.authorization.k8s.io for users and groups, empty for accounts.
  kind 1 string! | User, Group or ServiceAccount.
  name 3 string! | Name of the user, group or account.
  namespace 4 string | Namespace of the account; empty for users and groups.
`
