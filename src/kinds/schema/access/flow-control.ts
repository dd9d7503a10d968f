/** Flow schemas and priority levels. The form of a line is explained in ../../schema.ts. */
export const flowControlTable = `
definition io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration | A level that nothing holds back.
  lendablePercent 2 int32 default=0 pointer | Percent of its seats that other levels may borrow.
  nominalConcurrencyShares 1 int32 default=0 pointer | Its share of the server's seats.

definition io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod | What tells flows of one schema apart.
  type 1 string! | ByUser or ByNamespace.

definition io.k8s.api.flowcontrol.v1.FlowSchema gvk=flowcontrol.apiserver.k8s.io/v1/FlowSchema | Which requests go to which priority level.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 FlowSchemaSpec | What is wanted.
  status 3 FlowSchemaStatus | What is observed; controllers write it.

definition io.k8s.api.flowcontrol.v1.FlowSchemaCondition | One observation of a flow schema.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string | True, False or Unknown.
  type 1 string | Which sort it is.

definition io.k8s.api.flowcontrol.v1.FlowSchemaList gvk=flowcontrol.apiserver.k8s.io/v1/FlowSchemaList | A page of FlowSchema objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []FlowSchema! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.flowcontrol.v1.FlowSchemaSpec | Which requests, and where they go.
  distinguisherMethod 3 FlowDistinguisherMethod pointer | What tells the flows apart; none for one flow.
  matchingPrecedence 2 int32 default=1000 | Schemas with a smaller number are asked first.
  priorityLevelConfiguration 1 PriorityLevelConfigurationReference! | Where the requests go.
  rules 4 []PolicyRulesWithSubjects list=atomic | Which requests; one match is enough.

definition io.k8s.api.flowcontrol.v1.FlowSchemaStatus | What was found about a flow schema.
  conditions 1 []FlowSchemaCondition list=map:type patch=merge:type | Latest observations, one a type.

definition io.k8s.api.flowcontrol.v1.GroupSubject | A group of users.
  name 1 string! | Name of the group; * for all.

definition io.k8s.api.flowcontrol.v1.LimitResponse | What becomes of requests that do not fit.
  queuing 2 QueuingConfiguration pointer | How they wait.
  type 1 string! | Queue or Reject.

definition io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration | A level with a limit.
  borrowingLimitPercent 4 int32 pointer | Percent of its seats that it may borrow from others; all that there is when empty.
  lendablePercent 3 int32 default=0 pointer | Percent of its seats that other levels may borrow.
  limitResponse 2 LimitResponse default={} | What becomes of requests that do not fit.
  nominalConcurrencyShares 1 int32 default=30 pointer | Its share of the server's seats.

definition io.k8s.api.flowcontrol.v1.NonResourcePolicyRule | Requests for paths.
  nonResourceURLs 6 []string! list=set | Paths, with * at the end for all below.
  verbs 1 []string! list=set | Verbs such as get, list and create; * for all.

definition io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects | Requests of some users.
  nonResourceRules 3 []NonResourcePolicyRule list=atomic | Which requests for paths.
  resourceRules 2 []ResourcePolicyRule list=atomic | Which requests for resources.
  subjects 1 []FlowcontrolV1Subject! list=atomic | Whose requests.

definition io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration gvk=flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration | How many requests of one importance are worked on at once.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PriorityLevelConfigurationSpec | What is wanted.
  status 3 PriorityLevelConfigurationStatus | What is observed; controllers write it.

definition io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition | One observation of a priority level.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string | True, False or Unknown.
  type 1 string | Which sort it is.

definition io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationList gvk=flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfigurationList | A page of PriorityLevelConfiguration objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []PriorityLevelConfiguration! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference | A priority level, by name.
  name 1 string! | Name of the priority level.

definition io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec | The limit of a priority level.
  exempt 3 ExemptPriorityLevelConfiguration pointer | For a level that nothing holds back.
  limited 2 LimitedPriorityLevelConfiguration pointer | For a level with a limit.
  type 1 string! | Exempt or Limited.

definition io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus | What was found about a priority level.
  conditions 1 []PriorityLevelConfigurationCondition list=map:type patch=merge:type | Latest observations, one a type.

definition io.k8s.api.flowcontrol.v1.QueuingConfiguration | How requests wait.
  handSize 2 int32 default=8 | From how many queues a flow takes the shortest.
  queueLengthLimit 3 int32 default=50 | The most requests in one queue.
  queues 1 int32 default=64 | How many queues.

definition io.k8s.api.flowcontrol.v1.ResourcePolicyRule | Requests for resources.
  apiGroups 2 []string! list=set | API groups, * for all.
  clusterScope 4 bool | True for requests that name no namespace.
  namespaces 5 []string list=set | Namespaces; * for all.
  resources 3 []string! list=set | Resources in the plural, * for all; resource/part for a subresource.
  verbs 1 []string! list=set | Verbs such as get, list and create; * for all.

definition io.k8s.api.flowcontrol.v1.ServiceAccountSubject | A service account.
  name 2 string! | Name of the account; * for all.
  namespace 1 string! | Namespace of the account.

definition io.k8s.api.flowcontrol.v1.Subject as=FlowcontrolV1Subject | A user, a group or a service account.
  group 3 GroupSubject pointer | The group.
  kind 1 string! | User, Group or ServiceAccount.
  serviceAccount 4 ServiceAccountSubject pointer | The service account.
  user 2 UserSubject pointer | The user.

definition io.k8s.api.flowcontrol.v1.UserSubject | A user.
  name 1 string! | Name of the user; * for all.
`
