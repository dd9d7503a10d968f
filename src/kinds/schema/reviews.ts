/** Authentication and authorization reviews. The form of a line is explained in ../schema.ts. */
export const reviewsTable = `
definition io.k8s.api.authentication.v1.BoundObjectReference
  apiVersion 2 string
  kind 1 string
  name 3 string
  uid 4 string

definition io.k8s.api.authentication.v1.SelfSubjectReview gvk=authentication.k8s.io/v1/SelfSubjectReview
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  status 2 SelfSubjectReviewStatus

definition io.k8s.api.authentication.v1.SelfSubjectReviewStatus
  userInfo 1 UserInfo

definition io.k8s.api.authentication.v1.TokenRequest gvk=authentication.k8s.io/v1/TokenRequest
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 TokenRequestSpec
  status 3 TokenRequestStatus

definition io.k8s.api.authentication.v1.TokenRequestSpec
  audiences 1 []string list=atomic
  boundObjectRef 3 BoundObjectReference
  expirationSeconds 4 int64 pointer

definition io.k8s.api.authentication.v1.TokenRequestStatus
  expirationTimestamp 2 time
  token 1 string

definition io.k8s.api.authentication.v1.TokenReview gvk=authentication.k8s.io/v1/TokenReview
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 TokenReviewSpec!
  status 3 TokenReviewStatus

definition io.k8s.api.authentication.v1.TokenReviewSpec
  audiences 2 []string list=atomic
  token 1 string!

definition io.k8s.api.authentication.v1.TokenReviewStatus
  audiences 4 []string list=atomic
  authenticated 1 bool
  error 3 string
  user 2 UserInfo

definition io.k8s.api.authentication.v1.UserInfo
  extra 4 {}[]string
  groups 3 []string list=atomic
  uid 2 string
  username 1 string

definition io.k8s.api.authorization.v1.FieldSelectorAttributes
  rawSelector 1 string
  requirements 2 []FieldSelectorRequirement list=atomic

definition io.k8s.api.authorization.v1.LabelSelectorAttributes
  rawSelector 1 string
  requirements 2 []LabelSelectorRequirement list=atomic

definition io.k8s.api.authorization.v1.LocalSubjectAccessReview gvk=authorization.k8s.io/v1/LocalSubjectAccessReview
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 SubjectAccessReviewSpec!
  status 3 SubjectAccessReviewStatus

definition io.k8s.api.authorization.v1.NonResourceAttributes
  path 1 string
  verb 2 string

definition io.k8s.api.authorization.v1.NonResourceRule
  nonResourceURLs 2 []string list=atomic
  verbs 1 []string! list=atomic

definition io.k8s.api.authorization.v1.ResourceAttributes
  fieldSelector 8 FieldSelectorAttributes
  group 3 string
  labelSelector 9 LabelSelectorAttributes
  name 7 string
  namespace 1 string
  resource 5 string
  subresource 6 string
  verb 2 string
  version 4 string

definition io.k8s.api.authorization.v1.ResourceRule
  apiGroups 2 []string list=atomic
  resourceNames 4 []string list=atomic
  resources 3 []string list=atomic
  verbs 1 []string! list=atomic

definition io.k8s.api.authorization.v1.SelfSubjectAccessReview gvk=authorization.k8s.io/v1/SelfSubjectAccessReview
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 SelfSubjectAccessReviewSpec!
  status 3 SubjectAccessReviewStatus

definition io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec
  nonResourceAttributes 2 NonResourceAttributes
  resourceAttributes 1 ResourceAttributes

definition io.k8s.api.authorization.v1.SelfSubjectRulesReview gvk=authorization.k8s.io/v1/SelfSubjectRulesReview
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 SelfSubjectRulesReviewSpec!
  status 3 SubjectRulesReviewStatus

definition io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec
  namespace 1 string

definition io.k8s.api.authorization.v1.SubjectAccessReview gvk=authorization.k8s.io/v1/SubjectAccessReview
  apiVersion - string
  kind - string
  metadata 1 ObjectMeta
  spec 2 SubjectAccessReviewSpec!
  status 3 SubjectAccessReviewStatus

definition io.k8s.api.authorization.v1.SubjectAccessReviewSpec
  extra 5 {}[]string
  groups 4 []string list=atomic
  nonResourceAttributes 2 NonResourceAttributes
  resourceAttributes 1 ResourceAttributes
  uid 6 string
  user 3 string

definition io.k8s.api.authorization.v1.SubjectAccessReviewStatus
  allowed 1 bool!
  denied 4 bool
  evaluationError 3 string
  reason 2 string

definition io.k8s.api.authorization.v1.SubjectRulesReviewStatus
  evaluationError 4 string
  incomplete 3 bool!
  nonResourceRules 2 []NonResourceRule! list=atomic
  resourceRules 1 []ResourceRule! list=atomic
`
