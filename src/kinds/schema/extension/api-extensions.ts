/** Custom resource definitions. The form of a line is explained in ../../schema.ts. */
export const apiExtensionsTable = `
definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition | A column of the table that kubectl prints.
  description 4 string | What it is for, for people.
  format 3 string | How the value is meant, such as int64 or date-time.
  jsonPath 6 string! | JSON path of the value.
  name 1 string! | Heading of the column.
  priority 5 int32 | 0 to show it always, more to show it with -o wide.
  type 2 string! | Type of the value, such as string or date.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion | How objects get from one version to another.
  strategy 1 string! default="None" | None, or Webhook to ask a webhook.
  webhook 2 WebhookConversion pointer | The webhook that converts.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition gvk=apiextensions.k8s.io/v1/CustomResourceDefinition | Adds a kind to the API.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 CustomResourceDefinitionSpec! | What is wanted.
  status 3 CustomResourceDefinitionStatus | What is observed; controllers write it.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition | One observation of a custom resource definition.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  observedGeneration 6 int64 | Generation of the spec that the status speaks of.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionList gvk=apiextensions.k8s.io/v1/CustomResourceDefinitionList | A page of CustomResourceDefinition objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []CustomResourceDefinition! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames | The names of a custom kind.
  categories 6 []string list=atomic | Words that stand for several resources, such as all.
  kind 4 string! | Name of the kind in camel case, such as Pod.
  listKind 5 string | Name of the kind of its lists.
  plural 1 string! | Name of the resource in the plural, as in paths.
  shortNames 3 []string list=atomic | Shorter names for the command line.
  singular 2 string | Name in the singular.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec | Names, scope and versions of a custom kind.
  conversion 9 CustomResourceConversion default={} pointer | How objects get from one version to another.
  group 1 string! | API group of the kind.
  names 3 CustomResourceDefinitionNames! | The names of the kind.
  preserveUnknownFields 10 bool | Must be false; unknown fields are kept by the schema.
  scope 4 string! | Cluster or Namespaced.
  versions 7 []CustomResourceDefinitionVersion! list=atomic | The versions of the kind.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus | What became of a custom resource definition.
  acceptedNames 2 CustomResourceDefinitionNames | The names that are served.
  conditions 1 []CustomResourceDefinitionCondition list=map:type | Latest observations, one a type.
  observedGeneration 4 int64 | Generation of the spec that the status speaks of.
  storedVersions 3 []string list=atomic | Versions that stored objects may be in.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion | One version of a custom kind.
  additionalPrinterColumns 6 []CustomResourceColumnDefinition list=atomic | Columns of the table that kubectl prints.
  deprecated 7 bool | True to warn whoever uses it.
  deprecationWarning 8 string pointer | Text of that warning.
  name 1 string! | Name of the version, such as v1beta1.
  schema 4 CustomResourceValidation pointer | What its objects look like.
  selectableFields 9 []SelectableField list=atomic | Fields that field selectors may name.
  served 2 bool! | True to serve it.
  storage 3 bool! | True for the one version that is stored.
  subresources 5 CustomResourceSubresources pointer | Its status and scale, if it has them.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale | Where a custom kind keeps what scaling needs.
  labelSelectorPath 3 string pointer | JSON path of the selector text in the status.
  specReplicasPath 1 string! | JSON path of the wanted number.
  statusReplicasPath 2 string! | JSON path of the observed number.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus | Marks a custom kind whose status is written apart.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources | Subresources of a custom kind.
  scale 2 CustomResourceSubresourceScale pointer | Its scale, when it can be scaled.
  status 1 CustomResourceSubresourceStatus pointer | Present when status is written apart from spec.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation | The schema of a custom kind.
  openAPIV3Schema 1 JSONSchemaProps pointer | The schema, in the OpenAPI v3 form.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation | A link to more documentation.
  description 1 string | What is found there.
  url 2 string | Address of it.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps | A schema in the OpenAPI v3 form.
  $ref 3 string pointer | Not used.
  $schema 2 string | Not used.
  additionalItems 33 schemaOrBool pointer | Not used.
  additionalProperties 30 schemaOrBool pointer | Schema of values of keys that properties does not name, or false.
  allOf 25 []JSONSchemaProps list=atomic | Schemas that must all hold.
  anyOf 27 []JSONSchemaProps list=atomic | Schemas of which one must hold.
  default 8 json pointer | Value of a field that is left out.
  definitions 34 {}JSONSchemaProps | Not used.
  dependencies 32 {}schemaOrStrings | Not used.
  description 4 string | What it is, for people.
  enum 20 []json list=atomic | The values that are allowed.
  example 36 json pointer | An example.
  exclusiveMaximum 10 bool | True when the maximum itself is too much.
  exclusiveMinimum 12 bool | True when the minimum itself is too little.
  externalDocs 35 ExternalDocumentation pointer | A link to more documentation.
  format 6 string | How a value is meant, such as int32, date-time or uuid.
  id 1 string | Not used.
  items 24 schemaOrArray pointer | Schema of the items of a list.
  maxItems 16 int64 pointer | The most items.
  maxLength 13 int64 pointer | The most characters.
  maxProperties 21 int64 pointer | The most keys.
  maximum 9 double pointer | The largest number.
  minItems 17 int64 pointer | The fewest items.
  minLength 14 int64 pointer | The fewest characters.
  minProperties 22 int64 pointer | The fewest keys.
  minimum 11 double pointer | The smallest number.
  multipleOf 19 double pointer | A number that the value must be a multiple of.
  not 28 JSONSchemaProps pointer | Schema that must not hold.
  nullable 37 bool | True when null is allowed.
  oneOf 26 []JSONSchemaProps list=atomic | Schemas of which exactly one must hold.
  pattern 15 string | Regular expression that the text must match.
  patternProperties 31 {}JSONSchemaProps | Not used.
  properties 29 {}JSONSchemaProps | Schemas of the fields, by name.
  required 23 []string list=atomic | Fields that must be there.
  title 7 string | A heading.
  type 5 string | object, array, string, integer, number or boolean.
  uniqueItems 18 bool | Must not be true.
  x-kubernetes-embedded-resource 39 bool | True when the value is an object with apiVersion, kind and metadata.
  x-kubernetes-int-or-string 40 bool | True when the value is a number or a text.
  x-kubernetes-list-map-keys 41 []string list=atomic | Fields by which items of a list of type map are told apart.
  x-kubernetes-list-type 42 string pointer | How lists are merged: atomic, set or map.
  x-kubernetes-map-type 43 string pointer | How maps are merged: granular or atomic.
  x-kubernetes-preserve-unknown-fields 38 bool pointer | True to keep fields that the schema does not name.
  x-kubernetes-validations 44 []ValidationRule list=map:rule patch=merge:rule | CEL rules that the value must meet.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.SelectableField | A field that field selectors may name.
  jsonPath 1 string! | JSON path of the field.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference as=ApiextensionsV1ServiceReference | A service that is called as a webhook.
  name 2 string! | Name of the service.
  namespace 1 string! | Namespace of the service.
  path 3 string pointer | Path of the request.
  port 4 int32 default=443 pointer | Port of the service.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule | A CEL rule of a schema.
  fieldPath 5 string | Path of the field that errors are about.
  message 2 string | What is said when it fails.
  messageExpression 3 string | CEL expression of what is said when it fails.
  optionalOldSelf 6 bool pointer | True to run it on new objects too, with oldSelf as an optional.
  reason 4 string enum=FieldValueDuplicate,FieldValueForbidden,FieldValueInvalid,FieldValueRequired pointer | Reason of the refusal, for programs.
  rule 1 string! | CEL expression that must be true.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig as=ApiextensionsV1WebhookClientConfig | How a webhook is called: by URL or as a service.
  caBundle 2 bytes | Certificates in PEM that the callee is checked with; the system's when empty.
  service 1 ApiextensionsV1ServiceReference pointer | Service that is called.
  url 3 string pointer | Where it is, as https://host:port/path.

definition io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion | A webhook that converts objects.
  clientConfig 2 ApiextensionsV1WebhookClientConfig pointer | How it is called.
  conversionReviewVersions 3 []string! list=atomic | Versions of ConversionReview that it understands, best first.
`
