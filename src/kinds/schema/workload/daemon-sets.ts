/** Daemon sets and controller revisions. The form of a line is explained in ../../schema.ts. */
export const daemonSetsTable = `
definition io.k8s.api.apps.v1.ControllerRevision gvk=apps/v1/ControllerRevision | A state that a controller may go back to; never changes.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  data 2 raw | The state.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  revision 3 int64! | Counts the states; the newest has the largest.

definition io.k8s.api.apps.v1.ControllerRevisionList gvk=apps/v1/ControllerRevisionList | A page of ControllerRevision objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []ControllerRevision! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.apps.v1.DaemonSet gvk=apps/v1/DaemonSet | Runs a pod on every node that fits.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 DaemonSetSpec | What is wanted.
  status 3 DaemonSetStatus | What is observed; controllers write it.

definition io.k8s.api.apps.v1.DaemonSetCondition | One observation of a daemon set.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.apps.v1.DaemonSetList gvk=apps/v1/DaemonSetList | A page of DaemonSet objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []DaemonSet! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.apps.v1.DaemonSetSpec | What a daemon set runs.
  minReadySeconds 4 int32 | Seconds a new pod must be ready before it counts as available.
  revisionHistoryLimit 6 int32 default=10 pointer | How many old revisions are kept for going back.
  selector 1 LabelSelector! immutable pointer | Which pods belong to it; never changes.
  template 2 PodTemplateSpec! | What new pods look like.
  updateStrategy 3 DaemonSetUpdateStrategy default={} | How old pods give way to new ones.

definition io.k8s.api.apps.v1.DaemonSetStatus | On how many nodes a daemon set runs.
  collisionCount 9 int32 pointer | How often the hash of a new revision's name met another's.
  conditions 10 []DaemonSetCondition list=map:type patch=merge:type | Latest observations, one a type.
  currentNumberScheduled 1 int32! | Nodes that run its pod and should.
  desiredNumberScheduled 3 int32! | Nodes that should run its pod.
  numberAvailable 7 int32 | Nodes whose pod has been ready for minReadySeconds.
  numberMisscheduled 2 int32! | Nodes that run its pod and should not.
  numberReady 4 int32! | Nodes whose pod is ready.
  numberUnavailable 8 int32 | Nodes that should have an available pod and do not.
  observedGeneration 5 int64 | Generation of the spec that the status speaks of.
  updatedNumberScheduled 6 int32 | Nodes whose pod is of the newest template.

definition io.k8s.api.apps.v1.DaemonSetUpdateStrategy | How daemon pods are replaced.
  rollingUpdate 2 RollingUpdateDaemonSet pointer | How far a rolling update may go at once.
  type 1 string enum=OnDelete,RollingUpdate default="RollingUpdate" | RollingUpdate, or OnDelete to wait until somebody deletes the old ones.

definition io.k8s.api.apps.v1.RollingUpdateDaemonSet | How far an update of a daemon set may go at once.
  maxSurge 2 intOrString default=0 pointer | On how many nodes a new pod may start before the old one ends.
  maxUnavailable 1 intOrString default=1 pointer | On how many nodes the pod may be missing, as a count or a percentage.
`
