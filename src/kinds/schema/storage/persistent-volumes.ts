/** Persistent volumes and claims. The form of a line is explained in ../../schema.ts. */
export const persistentVolumesTable = `
definition io.k8s.api.core.v1.AzureFilePersistentVolumeSource | A share of Azure.
  readOnly 3 bool | True to forbid writes.
  secretName 1 string! | Name of the secret with the account.
  secretNamespace 4 string pointer | Namespace of the secret.
  shareName 2 string! | Name of the share.

definition io.k8s.api.core.v1.CSIPersistentVolumeSource | A volume of a CSI driver.
  controllerExpandSecretRef 9 SecretReference pointer | Secret for making it larger, at the controller.
  controllerPublishSecretRef 6 SecretReference pointer | Secret for attaching it.
  driver 1 string! | Name of the driver.
  fsType 4 string | File system of the volume, such as ext4.
  nodeExpandSecretRef 10 SecretReference pointer | Secret for making it larger, at the node.
  nodePublishSecretRef 8 SecretReference pointer | Secret for mounting it into a pod.
  nodeStageSecretRef 7 SecretReference pointer | Secret for mounting it on the node.
  readOnly 3 bool | True to forbid writes.
  volumeAttributes 5 {}string | Settings that only the driver knows.
  volumeHandle 2 string! | Id of the volume with its driver.

definition io.k8s.api.core.v1.CephFSPersistentVolumeSource | A directory of CephFS.
  monitors 1 []string! list=atomic | Addresses of the monitors.
  path 2 string | Path within the file system.
  readOnly 6 bool | True to forbid writes.
  secretFile 4 string | File with the key.
  secretRef 5 SecretReference pointer | Secret with the credentials.
  user 3 string | User to act as.

definition io.k8s.api.core.v1.CinderPersistentVolumeSource | A disk of OpenStack.
  fsType 2 string | File system of the volume, such as ext4.
  readOnly 3 bool | True to forbid writes.
  secretRef 4 SecretReference pointer | Secret with the credentials.
  volumeID 1 string! | Id of the volume with its provider.

definition io.k8s.api.core.v1.FlexPersistentVolumeSource | A volume of a FlexVolume driver.
  driver 1 string! | Name of the driver.
  fsType 2 string | File system of the volume, such as ext4.
  options 5 {}string | Options of the driver.
  readOnly 4 bool | True to forbid writes.
  secretRef 3 SecretReference pointer | Secret with the credentials.

definition io.k8s.api.core.v1.GlusterfsPersistentVolumeSource | A Gluster volume.
  endpoints 1 string! | Name of the endpoints object with its servers.
  endpointsNamespace 4 string pointer | Namespace of that object.
  path 2 string! | Name of the volume.
  readOnly 3 bool | True to forbid writes.

definition io.k8s.api.core.v1.ISCSIPersistentVolumeSource | An iSCSI volume.
  chapAuthDiscovery 8 bool | True to authenticate during discovery.
  chapAuthSession 11 bool | True to authenticate the session.
  fsType 5 string | File system of the volume, such as ext4.
  initiatorName 12 string pointer | Name of the initiator.
  iqn 2 string! | Qualified name of the target.
  iscsiInterface 4 string default="default" | Name of the interface.
  lun 3 int32! | Number of the logical unit.
  portals 7 []string list=atomic | More addresses of the target.
  readOnly 6 bool | True to forbid writes.
  secretRef 10 SecretReference pointer | Secret with the credentials.
  targetPortal 1 string! | Address of the target.

definition io.k8s.api.core.v1.LocalVolumeSource | A disk or directory of one node.
  fsType 2 string pointer | File system of the volume, such as ext4.
  path 1 string! | Path on the node.

definition io.k8s.api.core.v1.ModifyVolumeStatus | How far a change of the volume attributes class has come.
  status 2 string! enum=InProgress,Infeasible,Pending | Pending, InProgress or Infeasible.
  targetVolumeAttributesClassName 1 string | Name of the class that is wanted.

definition io.k8s.api.core.v1.PersistentVolume gvk=/v1/PersistentVolume | A piece of storage of the cluster.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PersistentVolumeSpec | What is wanted.
  status 3 PersistentVolumeStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.PersistentVolumeClaim gvk=/v1/PersistentVolumeClaim | Asks for a piece of storage.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PersistentVolumeClaimSpec | What is wanted.
  status 3 PersistentVolumeClaimStatus | What is observed; controllers write it.

definition io.k8s.api.core.v1.PersistentVolumeClaimCondition | One observation of a claim.
  lastProbeTime 3 time | When it was last checked.
  lastTransitionTime 4 time | When the status last changed.
  message 6 string | The reason in a sentence, for people.
  reason 5 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.core.v1.PersistentVolumeClaimList gvk=/v1/PersistentVolumeClaimList | A page of PersistentVolumeClaim objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []PersistentVolumeClaim! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.PersistentVolumeClaimStatus | What a claim has got.
  accessModes 2 []string list=atomic | How many nodes may read and write the volume.
  allocatedResourceStatuses 7 {}string map=granular | How far a change of size has come.
  allocatedResources 5 {}quantity | What is set aside for the claim.
  capacity 3 {}quantity | How large the volume is.
  conditions 4 []PersistentVolumeClaimCondition list=map:type patch=merge:type | Latest observations, one a type.
  currentVolumeAttributesClassName 8 string pointer | Name of the volume attributes class that holds.
  modifyVolumeStatus 9 ModifyVolumeStatus pointer | How far a change of that class has come.
  phase 1 string enum=Bound,Lost,Pending | Pending, Bound or Lost.

definition io.k8s.api.core.v1.PersistentVolumeList gvk=/v1/PersistentVolumeList | A page of PersistentVolume objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []PersistentVolume! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.core.v1.PersistentVolumeSpec | Where a volume is and who may use it.
  accessModes 3 []string list=atomic | How many nodes may read and write.
  awsElasticBlockStore 2/2 AWSElasticBlockStoreVolumeSource pointer | A disk of AWS.
  azureDisk 2/16 AzureDiskVolumeSource pointer | A disk of Azure.
  azureFile 2/13 AzureFilePersistentVolumeSource pointer | A share of Azure.
  capacity 1 {}quantity | How large it is.
  cephfs 2/9 CephFSPersistentVolumeSource pointer | A directory of CephFS.
  cinder 2/8 CinderPersistentVolumeSource pointer | A disk of OpenStack.
  claimRef 4 ObjectReference map=granular pointer | The claim that it is bound to.
  csi 2/22 CSIPersistentVolumeSource pointer | A volume of a CSI driver.
  fc 2/10 FCVolumeSource pointer | A Fibre Channel volume.
  flexVolume 2/12 FlexPersistentVolumeSource pointer | A volume of a FlexVolume driver.
  flocker 2/11 FlockerVolumeSource pointer | A Flocker volume.
  gcePersistentDisk 2/1 GCEPersistentDiskVolumeSource pointer | A disk of Google Cloud.
  glusterfs 2/4 GlusterfsPersistentVolumeSource pointer | A Gluster volume.
  hostPath 2/3 HostPathVolumeSource pointer | A path of the node.
  iscsi 2/7 ISCSIPersistentVolumeSource pointer | An iSCSI volume.
  local 2/20 LocalVolumeSource pointer | A disk or directory of one node.
  mountOptions 7 []string list=atomic | Options of the mount; a wrong one makes mounting fail.
  nfs 2/5 NFSVolumeSource pointer | A directory of an NFS server.
  nodeAffinity 9 VolumeNodeAffinity pointer | Nodes that can reach it.
  persistentVolumeReclaimPolicy 5 string enum=Delete,Recycle,Retain default="Retain" | What becomes of it without its claim: Retain, Delete or Recycle.
  photonPersistentDisk 2/17 PhotonPersistentDiskVolumeSource pointer | A disk of Photon.
  portworxVolume 2/18 PortworxVolumeSource pointer | A Portworx volume.
  quobyte 2/15 QuobyteVolumeSource pointer | A Quobyte volume.
  rbd 2/6 RBDPersistentVolumeSource pointer | A disk of Ceph.
  scaleIO 2/19 ScaleIOPersistentVolumeSource pointer | A ScaleIO volume.
  storageClassName 6 string | Name of the storage class.
  storageos 2/21 StorageOSPersistentVolumeSource pointer | A StorageOS volume.
  volumeAttributesClassName 10 string pointer | Name of the volume attributes class.
  volumeMode 8 string enum=Block,Filesystem default="Filesystem" pointer | Filesystem or Block.
  vsphereVolume 2/14 VsphereVirtualDiskVolumeSource pointer | A disk of vSphere.

definition io.k8s.api.core.v1.PersistentVolumeStatus | How a volume is used.
  lastPhaseTransitionTime 4 time pointer | When the phase last changed.
  message 2 string | Why it failed, in a sentence.
  phase 1 string enum=Available,Bound,Failed,Pending,Released | Pending, Available, Bound, Released or Failed.
  reason 3 string | Why it failed, in one word.

definition io.k8s.api.core.v1.RBDPersistentVolumeSource | A disk of Ceph.
  fsType 3 string | File system of the volume, such as ext4.
  image 2 string! | Name of the image.
  keyring 6 string default="/etc/ceph/keyring" | File with the key ring.
  monitors 1 []string! list=atomic | Addresses of the monitors.
  pool 4 string default="rbd" | Name of the pool.
  readOnly 8 bool | True to forbid writes.
  secretRef 7 SecretReference pointer | Secret with the credentials.
  user 5 string default="admin" | User to act as.

definition io.k8s.api.core.v1.ScaleIOPersistentVolumeSource | A ScaleIO volume.
  fsType 9 string default="xfs" | File system of the volume, such as ext4.
  gateway 1 string! | Address of the gateway.
  protectionDomain 5 string | Name of the protection domain.
  readOnly 10 bool | True to forbid writes.
  secretRef 3 SecretReference! pointer | Secret with the credentials.
  sslEnabled 4 bool | True to use TLS.
  storageMode 7 string default="ThinProvisioned" | ThickProvisioned or ThinProvisioned.
  storagePool 6 string | Name of the storage pool.
  system 2 string! | Name of the storage system.
  volumeName 8 string | Name of the volume.

definition io.k8s.api.core.v1.SecretReference atomic | A secret, by name and namespace.
  name 1 string | Name of the secret.
  namespace 2 string | Namespace of the secret.

definition io.k8s.api.core.v1.StorageOSPersistentVolumeSource | A StorageOS volume.
  fsType 3 string | File system of the volume, such as ext4.
  readOnly 4 bool | True to forbid writes.
  secretRef 5 ObjectReference pointer | Secret with the credentials.
  volumeName 1 string | Name of the volume.
  volumeNamespace 2 string | Namespace of the volume with its provider.

definition io.k8s.api.core.v1.VolumeNodeAffinity | Which nodes can reach a volume.
  required 1 NodeSelector pointer | Conditions on the nodes.
`
