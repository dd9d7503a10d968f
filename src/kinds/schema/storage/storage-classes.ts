/** Storage classes, attachments and CSI drivers. The form of a line is explained in ../../schema.ts. */
export const storageClassesTable = `
definition io.k8s.api.core.v1.TopologySelectorLabelRequirement | A label and the values it may have.
  key 1 string! | Key of the label.
  values 2 []string! list=atomic | Values, of which one must match.

definition io.k8s.api.core.v1.TopologySelectorTerm atomic | A place, by the labels of its nodes.
  matchLabelExpressions 1 []TopologySelectorLabelRequirement list=atomic | Conditions; all must hold.

definition io.k8s.api.storage.v1.CSIDriver gvk=storage.k8s.io/v1/CSIDriver | What a CSI driver can do.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 CSIDriverSpec! | What is wanted.

definition io.k8s.api.storage.v1.CSIDriverList gvk=storage.k8s.io/v1/CSIDriverList | A page of CSIDriver objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []CSIDriver! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.storage.v1.CSIDriverSpec | What a CSI driver can do.
  attachRequired 1 bool default=true immutable pointer | True when volumes must be attached to nodes.
  fsGroupPolicy 5 string default="ReadWriteOnceWithFSType" pointer | Whether owner and rights of files are changed: None, File or ReadWriteOnceWithFSType.
  nodeAllocatableUpdatePeriodSeconds 9 int64 pointer | Seconds between two looks at how many volumes a node can have.
  podInfoOnMount 2 bool default=false pointer | True to tell the driver about the pod.
  preventPodSchedulingIfMissing 11 bool pointer | True to keep pods away from nodes without the driver.
  requiresRepublish 7 bool default=false pointer | True to mount again from time to time.
  seLinuxMount 8 bool default=false pointer | True when the driver can mount with an SELinux context.
  serviceAccountTokenInSecrets 10 bool pointer | True to hand tokens over as secrets.
  storageCapacity 4 bool default=false pointer | True to ask for free capacity before scheduling.
  tokenRequests 6 []StorageV1TokenRequest list=atomic | Tokens of the pod that the driver gets.
  volumeLifecycleModes 3 []string list=set immutable | Persistent, Ephemeral.

definition io.k8s.api.storage.v1.CSINode gvk=storage.k8s.io/v1/CSINode | CSI drivers of a node.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 CSINodeSpec! | What is wanted.

definition io.k8s.api.storage.v1.CSINodeDriver | A CSI driver of a node.
  allocatable 4 VolumeNodeResources pointer | How many volumes the node can have.
  name 1 string! | Name of the driver.
  nodeID 2 string! | Id of the node with the driver.
  topologyKeys 3 []string list=atomic | Labels of the node that the driver knows.

definition io.k8s.api.storage.v1.CSINodeList gvk=storage.k8s.io/v1/CSINodeList | A page of CSINode objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []CSINode! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.storage.v1.CSINodeSpec | The drivers.
  drivers 1 []CSINodeDriver! list=map:name patch=merge:name | The drivers.

definition io.k8s.api.storage.v1.CSIStorageCapacity gvk=storage.k8s.io/v1/CSIStorageCapacity | How much storage a driver has left in a place.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  capacity 4 quantity pointer | How much is left.
  kind - string | Name of the kind in camel case, such as Pod.
  maximumVolumeSize 5 quantity pointer | How large one volume may be.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  nodeTopology 2 LabelSelector pointer | Labels of the nodes that it is about.
  storageClassName 3 string! | Name of the storage class.

definition io.k8s.api.storage.v1.CSIStorageCapacityList gvk=storage.k8s.io/v1/CSIStorageCapacityList | A page of CSIStorageCapacity objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []CSIStorageCapacity! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.storage.v1.StorageClass gvk=storage.k8s.io/v1/StorageClass | A sort of storage that claims may ask for.
  allowVolumeExpansion 6 bool pointer | True when volumes may grow.
  allowedTopologies 8 []TopologySelectorTerm list=atomic | Where volumes may be made.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  mountOptions 5 []string list=atomic | Options of the mount; a wrong one makes mounting fail.
  parameters 3 {}string | Settings of the provisioner.
  provisioner 2 string! | Who makes the volumes.
  reclaimPolicy 4 string enum=Delete,Recycle,Retain default="Delete" pointer | What becomes of a volume without its claim: Delete or Retain.
  volumeBindingMode 7 string enum=Immediate,WaitForFirstConsumer default="Immediate" immutable pointer | Immediate, or WaitForFirstConsumer to wait for the pod.

definition io.k8s.api.storage.v1.StorageClassList gvk=storage.k8s.io/v1/StorageClassList | A page of StorageClass objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []StorageClass! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.storage.v1.TokenRequest as=StorageV1TokenRequest | A token that a driver gets.
  audience 1 string! | Whom the token is meant for.
  expirationSeconds 2 int64 pointer | Seconds until it expires.

definition io.k8s.api.storage.v1.VolumeAttachment gvk=storage.k8s.io/v1/VolumeAttachment | Attaches a volume to a node.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 VolumeAttachmentSpec! | What is wanted.
  status 3 VolumeAttachmentStatus | What is observed; controllers write it.

definition io.k8s.api.storage.v1.VolumeAttachmentList gvk=storage.k8s.io/v1/VolumeAttachmentList | A page of VolumeAttachment objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []VolumeAttachment! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.storage.v1.VolumeAttachmentSource | The volume that is attached.
  inlineVolumeSpec 2 PersistentVolumeSpec pointer | The volume itself.
  persistentVolumeName 1 string pointer | Name of the persistent volume.

definition io.k8s.api.storage.v1.VolumeAttachmentSpec | Which volume, to which node.
  attacher 1 string! | Name of the driver.
  nodeName 3 string! | The node.
  source 2 VolumeAttachmentSource! | The volume.

definition io.k8s.api.storage.v1.VolumeAttachmentStatus | Whether a volume is attached.
  attachError 3 VolumeError pointer | Why attaching failed last.
  attached 1 bool! | True when it is attached.
  attachmentMetadata 2 {}string | What the driver says about it.
  detachError 4 VolumeError pointer | Why detaching failed last.

definition io.k8s.api.storage.v1.VolumeAttributesClass gvk=storage.k8s.io/v1/VolumeAttributesClass | Changeable settings of volumes.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  driverName 2 string! | Name of the CSI driver.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  parameters 3 {}string | Settings that only the driver knows.

definition io.k8s.api.storage.v1.VolumeAttributesClassList gvk=storage.k8s.io/v1/VolumeAttributesClassList | A page of VolumeAttributesClass objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []VolumeAttributesClass! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.storage.v1.VolumeError | What went wrong with a volume.
  errorCode 3 int32 pointer | gRPC code of the error.
  message 2 string | What went wrong, in a sentence.
  time 1 time | When it went wrong.

definition io.k8s.api.storage.v1.VolumeNodeResources | How many volumes a node can have.
  count 1 int32 pointer | How many; no limit when empty.
`
