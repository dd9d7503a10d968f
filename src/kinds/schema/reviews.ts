/** Authentication and authorization reviews. The form of a line is explained in ../schema.ts. */
export const reviewsTable = `
definition io.k8s.api.authentication.v1.BoundObjectReference | The object that a token dies with.
  apiVersion 2 string | APIVersion defines group and version of the kind, such as apps/v1.
  kind 1 string | Name of the kind in camel case, such as Pod.
  name 3 string | Name of it.
  uid 4 string | Unique id of one object among all that ever had its name.

definition io.k8s.api.authentication.v1.SelfSubjectReview gvk=authentication.k8s.io/v1/SelfSubjectReview | Asks who the caller is.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  status 2 SelfSubjectReviewStatus | What is observed; controllers write it.

definition io.k8s.api.authentication.v1.SelfSubjectReviewStatus | Who the caller is.
  userInfo 1 UserInfo | Who the user is.

definition io.k8s.api.authentication.v1.TokenRequest gvk=authentication.k8s.io/v1/TokenRequest | Asks for a token of a service account.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 TokenRequestSpec | What is wanted.
  status 3 TokenRequestStatus | What is observed; controllers write it.

definition io.k8s.api.authentication.v1.TokenRequestSpec | Which token is asked for.
  audiences 1 []string list=atomic | Whom a token is meant for.
  boundObjectRef 3 BoundObjectReference pointer | The token dies with this object.
  expirationSeconds 4 int64 pointer | Seconds until it expires.

definition io.k8s.api.authentication.v1.TokenRequestStatus | The token.
  expirationTimestamp 2 time | When the token expires.
  token 1 string | The bearer token.

definition io.k8s.api.authentication.v1.TokenReview gvk=authentication.k8s.io/v1/TokenReview | Asks whom a token belongs to.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 TokenReviewSpec! | What is wanted.
  status 3 TokenReviewStatus | What is observed; controllers write it.

definition io.k8s.api.authentication.v1.TokenReviewSpec | The token in question.
  audiences 2 []string list=atomic | Whom a token is meant for.
  token 1 string! | The bearer token.

definition io.k8s.api.authentication.v1.TokenReviewStatus | Whom the token belongs to.
  audiences 4 []string list=atomic | Whom a token is meant for.
  authenticated 1 bool | True when the token is good.
  error 3 string | What went wrong, in one word.
  user 2 UserInfo | User to act as.

definition io.k8s.api.authentication.v1.UserInfo | A user, as authenticated.
  extra 4 {}[]string | More about the user, as the authenticator gave it.
  groups 3 []string list=atomic | Groups that the user is in.
  uid 2 string | Unique id of one object among all that ever had its name.
  username 1 string | Name of the user.

definition io.k8s.api.authorization.v1.FieldSelectorAttributes | Which objects the question is about, by field.
  rawSelector 1 string | The selector as the client wrote it.
  requirements 2 []FieldSelectorRequirement list=atomic | The selector, read.

definition io.k8s.api.authorization.v1.LabelSelectorAttributes | Which objects the question is about, by label.
  rawSelector 1 string | The selector as the client wrote it.
  requirements 2 []LabelSelectorRequirement list=atomic | The selector, read.

definition io.k8s.api.authorization.v1.LocalSubjectAccessReview gvk=authorization.k8s.io/v1/LocalSubjectAccessReview | Asks whether a user may do something in a namespace.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 SubjectAccessReviewSpec! | What is wanted.
  status 3 SubjectAccessReviewStatus | What is observed; controllers write it.

definition io.k8s.api.authorization.v1.NonResourceAttributes | A path and a verb.
  path 1 string | A path; what it is relative to depends on the source.
  verb 2 string | What shall be done, such as get or create.

definition io.k8s.api.authorization.v1.NonResourceRule | What is allowed on paths.
  nonResourceURLs 2 []string list=atomic | Paths, with * at the end for all below.
  verbs 1 []string! list=atomic | Verbs such as get, list and create.

definition io.k8s.api.authorization.v1.ResourceAttributes | A resource and a verb.
  fieldSelector 8 FieldSelectorAttributes pointer | Which objects, by field.
  group 3 string | API group; empty for the core group.
  labelSelector 9 LabelSelectorAttributes pointer | Which pods are counted.
  name 7 string | Name of it.
  namespace 1 string | Namespace of it.
  resource 5 string | Name of the resource in the plural, such as pods.
  subresource 6 string | Part of the resource, such as status or log.
  verb 2 string | What shall be done, such as get or create.
  version 4 string | API version, such as v1.

definition io.k8s.api.authorization.v1.ResourceRule | What is allowed on resources.
  apiGroups 2 []string list=atomic | API groups, * for all.
  resourceNames 4 []string list=atomic | Names of objects; empty for all.
  resources 3 []string list=atomic | Computing resources that it asks for and may use.
  verbs 1 []string! list=atomic | Verbs such as get, list and create.

definition io.k8s.api.authorization.v1.SelfSubjectAccessReview gvk=authorization.k8s.io/v1/SelfSubjectAccessReview | Asks whether the caller may do something.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 SelfSubjectAccessReviewSpec! | What is wanted.
  status 3 SubjectAccessReviewStatus | What is observed; controllers write it.

definition io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec | What the caller wants to do.
  nonResourceAttributes 2 NonResourceAttributes pointer | The question, when it is about a path.
  resourceAttributes 1 ResourceAttributes pointer | The question, when it is about a resource.

definition io.k8s.api.authorization.v1.SelfSubjectRulesReview gvk=authorization.k8s.io/v1/SelfSubjectRulesReview | Asks for all that the caller may do.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 SelfSubjectRulesReviewSpec! | What is wanted.
  status 3 SubjectRulesReviewStatus | What is observed; controllers write it.

definition io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec | Where the caller wants to do it.
  namespace 1 string | Namespace of it.

definition io.k8s.api.authorization.v1.SubjectAccessReview gvk=authorization.k8s.io/v1/SubjectAccessReview | Asks whether a user may do something.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 SubjectAccessReviewSpec! | What is wanted.
  status 3 SubjectAccessReviewStatus | What is observed; controllers write it.

definition io.k8s.api.authorization.v1.SubjectAccessReviewSpec | Who wants to do what.
  extra 5 {}[]string | More about the user, as the authenticator gave it.
  groups 4 []string list=atomic | Groups that the user is in.
  nonResourceAttributes 2 NonResourceAttributes pointer | The question, when it is about a path.
  resourceAttributes 1 ResourceAttributes pointer | The question, when it is about a resource.
  uid 6 string | Unique id of one object among all that ever had its name.
  user 3 string | User to act as.

definition io.k8s.api.authorization.v1.SubjectAccessReviewStatus | The answer.
  allowed 1 bool! | True when it is allowed.
  denied 4 bool | True when it is refused, whatever others say.
  evaluationError 3 string | Why not everything could be evaluated.
  reason 2 string | The reason in one word, for programs.

definition io.k8s.api.authorization.v1.SubjectRulesReviewStatus | All that is allowed.
  evaluationError 4 string | Why not everything could be evaluated.
  incomplete 3 bool! | True when the lists may lack something.
  nonResourceRules 2 []NonResourceRule! list=atomic | What is allowed on paths.
  resourceRules 1 []ResourceRule! list=atomic | What is allowed on resources.
`
