/** Health of components, and the version of the server. The form of a line is explained in ../schema.ts. */
export const componentStatusTable = `
definition io.k8s.api.core.v1.ComponentCondition | Whether a component is well.
  error 4 string | What went wrong, in one word.
  message 3 string | What the component says.
  status 2 string! | True, False or Unknown.
  type 1 string! | Healthy.

definition io.k8s.api.core.v1.ComponentStatus gvk=/v1/ComponentStatus | Whether a part of the control plane is well; an old API.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  conditions 2 []ComponentCondition list=map:type patch=merge:type | Latest observations, one a type.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.

definition io.k8s.api.core.v1.ComponentStatusList gvk=/v1/ComponentStatusList | A page of ComponentStatus objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ComponentStatus! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.apimachinery.pkg.version.Info | Version of the server.
  buildDate - string! | When it was built.
  compiler - string! | What built or runs it.
  emulationMajor - string | Major version that it behaves like.
  emulationMinor - string | Minor version that it behaves like.
  gitCommit - string! | Commit that it was built from.
  gitTreeState - string! | clean, or dirty.
  gitVersion - string! | The version in the form of semver.
  goVersion - string! | Version of Go.
  major - string! | Major version.
  minCompatibilityMajor - string | Oldest major version that it works with.
  minCompatibilityMinor - string | Oldest minor version that it works with.
  minor - string! | Minor version.
  platform - string! | Operating system and processor.
`
