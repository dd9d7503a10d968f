/** Admission policies in CEL. The form of a line is explained in ../../schema.ts. */
export const admissionPoliciesTable = `
definition io.k8s.api.admissionregistration.v1.ApplyConfiguration | A CEL expression that makes a patch for server-side apply.
  expression 1 string | The CEL expression.

definition io.k8s.api.admissionregistration.v1.AuditAnnotation | A note for the audit log.
  key 1 string! | Name of the note.
  valueExpression 2 string! | CEL expression of its text; null for no note.

definition io.k8s.api.admissionregistration.v1.ExpressionWarning | A doubtful expression of a policy.
  fieldRef 2 string! | Path of the field with the expression.
  warning 3 string! | What is wrong with it.

definition io.k8s.api.admissionregistration.v1.JSONPatch | A CEL expression that makes a JSON patch.
  expression 1 string | The CEL expression.

definition io.k8s.api.admissionregistration.v1.MatchResources atomic | Which requests a policy looks at.
  excludeResourceRules 4 []NamedRuleWithOperations list=atomic | Operations on resources that it passes over.
  matchPolicy 7 string enum=Equivalent,Exact default="Equivalent" pointer | Exact, or Equivalent to match other versions of the same resource too.
  namespaceSelector 1 LabelSelector default={} pointer | Which namespaces, by label.
  objectSelector 2 LabelSelector default={} pointer | Which objects, by label, before or after the change.
  resourceRules 3 []NamedRuleWithOperations list=atomic | Operations on resources that it looks at; one match is enough.

definition io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy gvk=admissionregistration.k8s.io/v1/MutatingAdmissionPolicy | Changes objects on their way in, by CEL.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 MutatingAdmissionPolicySpec | What is wanted.

definition io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding gvk=admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding | Puts a mutating policy to use.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 MutatingAdmissionPolicyBindingSpec | What is wanted.

definition io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingList gvk=admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBindingList | A page of MutatingAdmissionPolicyBinding objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []MutatingAdmissionPolicyBinding! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec | Which policy, where, with which parameters.
  matchResources 3 MatchResources pointer | Narrows down which requests the policy looks at.
  paramRef 2 ParamRef pointer | Which parameters it is used with.
  policyName 1 string | Name of the policy that it puts to use.

definition io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyList gvk=admissionregistration.k8s.io/v1/MutatingAdmissionPolicyList | A page of MutatingAdmissionPolicy objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []MutatingAdmissionPolicy! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec | When and how objects are changed.
  failurePolicy 5 string enum=Fail,Ignore default="Fail" pointer | What happens when it can not be asked or evaluated: Fail or Ignore.
  matchConditions 6 []MatchCondition list=map:name patch=merge:name | CEL conditions; it applies only when all are true.
  matchConstraints 2 MatchResources pointer | Which requests it looks at.
  mutations 4 []Mutation list=atomic | The changes, in order.
  paramKind 1 ParamKind pointer | Kind of the objects that hold its parameters.
  reinvocationPolicy 7 string enum=IfNeeded,Never | Never, or IfNeeded to run again after others changed the object.
  variables 3 []Variable list=atomic | Named CEL expressions that later ones may use.

definition io.k8s.api.admissionregistration.v1.Mutation | One change of a mutating policy.
  applyConfiguration 3 ApplyConfiguration pointer | The change as a patch for server-side apply.
  jsonPatch 4 JSONPatch pointer | The change as a JSON patch.
  patchType 2 string! enum=ApplyConfiguration,JSONPatch | ApplyConfiguration or JSONPatch.

definition io.k8s.api.admissionregistration.v1.NamedRuleWithOperations atomic | Operations on resources, and on which objects.
  apiGroups 2/2/1 []string list=atomic | API groups, * for all.
  apiVersions 2/2/2 []string list=atomic | API versions, * for all.
  operations 2/1 []string list=atomic | CREATE, UPDATE, DELETE, CONNECT, or * for all.
  resourceNames 1 []string list=atomic | Names of objects; empty for all.
  resources 2/2/3 []string list=atomic | Resources in the plural, * for all; resource/part for a subresource.
  scope 2/2/4 string enum=*,Cluster,Namespaced default="*" pointer | Cluster, Namespaced, or * for both.

definition io.k8s.api.admissionregistration.v1.ParamKind atomic | Kind of the objects that hold parameters.
  apiVersion 1 string | APIVersion defines group and version of the kind, such as apps/v1.
  kind 2 string | Name of the kind in camel case, such as Pod.

definition io.k8s.api.admissionregistration.v1.ParamRef atomic | The objects with the parameters of a binding.
  name 1 string | Name of the one object; not with selector.
  namespace 2 string | Namespace to look in; that of the request when empty.
  parameterNotFoundAction 4 string pointer | Allow or Deny, when there are no parameters.
  selector 3 LabelSelector pointer | Labels of the objects; not with name.

definition io.k8s.api.admissionregistration.v1.TypeChecking | What checking the types of a policy found.
  expressionWarnings 1 []ExpressionWarning list=atomic | Doubtful expressions.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy gvk=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy | Refuses objects on their way in, by CEL.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ValidatingAdmissionPolicySpec | What is wanted.
  status 3 ValidatingAdmissionPolicyStatus | What is observed; controllers write it.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding gvk=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding | Puts a validating policy to use.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 ValidatingAdmissionPolicyBindingSpec! | What is wanted.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingList gvk=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBindingList | A page of ValidatingAdmissionPolicyBinding objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ValidatingAdmissionPolicyBinding! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec | Which policy, where, with which parameters and consequences.
  matchResources 3 MatchResources pointer | Narrows down which requests the policy looks at.
  paramRef 2 ParamRef pointer | Which parameters it is used with.
  policyName 1 string! | Name of the policy that it puts to use.
  validationActions 4 []string! list=set | What a failed validation does: Deny, Warn, Audit.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyList gvk=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyList | A page of ValidatingAdmissionPolicy objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ValidatingAdmissionPolicy! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec | When objects are refused.
  auditAnnotations 5 []AuditAnnotation list=atomic | Notes for the audit log.
  failurePolicy 4 string enum=Fail,Ignore default="Fail" pointer | What happens when it can not be asked or evaluated: Fail or Ignore.
  matchConditions 6 []MatchCondition list=map:name patch=merge:name | CEL conditions; it applies only when all are true.
  matchConstraints 2 MatchResources pointer | Which requests it looks at.
  paramKind 1 ParamKind pointer | Kind of the objects that hold its parameters.
  validations 3 []Validation list=atomic | The validations; all must hold.
  variables 7 []Variable list=map:name patch=merge:name | Named CEL expressions that later ones may use.

definition io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus | What was found about a policy.
  conditions 3 []Condition list=map:type | Latest observations, one a type.
  observedGeneration 1 int64 | Generation of the spec that the status speaks of.
  typeChecking 2 TypeChecking pointer | What checking its types found.

definition io.k8s.api.admissionregistration.v1.Validation | A CEL condition that objects must meet.
  expression 1 string! | The CEL expression.
  message 2 string | What is said when it fails.
  messageExpression 4 string | CEL expression of what is said when it fails.
  reason 3 string pointer | Reason of the refusal, for programs.

definition io.k8s.api.admissionregistration.v1.Variable atomic | A named CEL expression.
  expression 2 string! | The CEL expression.
  name 1 string! | Name by which others use it.
`
