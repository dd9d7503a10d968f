/** Volumes of pods. The form of a line is explained in ../schema.ts. */
export const volumesTable = `
definition io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource | A disk of AWS.
  fsType 2 string | File system of the volume, such as ext4.
  partition 3 int32 | Number of the partition.
  readOnly 4 bool | True to forbid writes.
  volumeID 1 string! | Id of the volume with its provider.

definition io.k8s.api.core.v1.AzureDiskVolumeSource | A disk of Azure.
  cachingMode 3 string enum=None,ReadOnly,ReadWrite default="ReadWrite" pointer | How the host caches the disk.
  diskName 1 string! | Name of the disk.
  diskURI 2 string! | Address of the disk.
  fsType 4 string default="ext4" pointer | File system of the volume, such as ext4.
  kind 6 string enum=Dedicated,Managed,Shared default="Shared" pointer | Name of the kind in camel case, such as Pod.
  readOnly 5 bool default=false pointer | True to forbid writes.

definition io.k8s.api.core.v1.AzureFileVolumeSource | A share of Azure.
  readOnly 3 bool | True to forbid writes.
  secretName 1 string! | Name of the secret.
  shareName 2 string! | Name of the share.

definition io.k8s.api.core.v1.CSIVolumeSource | A volume that a CSI driver mounts.
  driver 1 string! | Name of the driver.
  fsType 3 string pointer | File system of the volume, such as ext4.
  nodePublishSecretRef 5 LocalObjectReference pointer | Secret for mounting.
  readOnly 2 bool pointer | True to forbid writes.
  volumeAttributes 4 {}string | Settings that only the driver knows.

definition io.k8s.api.core.v1.CephFSVolumeSource | A directory of CephFS.
  monitors 1 []string! list=atomic | Addresses of the monitors.
  path 2 string | A path; what it is relative to depends on the source.
  readOnly 6 bool | True to forbid writes.
  secretFile 4 string | File with the key.
  secretRef 5 LocalObjectReference pointer | Secret with the credentials.
  user 3 string | User to act as.

definition io.k8s.api.core.v1.CinderVolumeSource | A disk of OpenStack.
  fsType 2 string | File system of the volume, such as ext4.
  readOnly 3 bool | True to forbid writes.
  secretRef 4 LocalObjectReference pointer | Secret with the credentials.
  volumeID 1 string! | Id of the volume with its provider.

definition io.k8s.api.core.v1.ClusterTrustBundleProjection | Certificates as a file.
  labelSelector 3 LabelSelector pointer | Which pods are counted.
  name 1 string pointer | Name of it.
  optional 5 bool pointer | True when it may be missing.
  path 4 string! | A path; what it is relative to depends on the source.
  signerName 2 string pointer | Name of the signer.

definition io.k8s.api.core.v1.ConfigMapProjection | A config map as files.
  items 2 []KeyToPath list=atomic | The entries.
  name 1/1 string | Name of it.
  optional 4 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.ConfigMapVolumeSource | A config map as files.
  defaultMode 3 int32 default=420 pointer | Permission bits of files that name none.
  items 2 []KeyToPath list=atomic | The entries.
  name 1/1 string | Name of it.
  optional 4 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.DownwardAPIProjection | Facts about the pod as files.
  items 1 []DownwardAPIVolumeFile list=atomic | The entries.

definition io.k8s.api.core.v1.DownwardAPIVolumeFile | One file with a fact about the pod.
  fieldRef 2 ObjectFieldSelector pointer | Field of the pod to take it from.
  mode 4 int32 pointer | Permission bits of the file.
  path 1 string! | A path; what it is relative to depends on the source.
  resourceFieldRef 3 ResourceFieldSelector pointer | Resource of a container to take it from.

definition io.k8s.api.core.v1.DownwardAPIVolumeSource | Facts about the pod as files.
  defaultMode 2 int32 default=420 pointer | Permission bits of files that name none.
  items 1 []DownwardAPIVolumeFile list=atomic | The entries.

definition io.k8s.api.core.v1.EmptyDirVolumeSource | An empty directory that goes with the pod.
  medium 1 string | Empty for the node's disk, Memory for its memory.
  sizeLimit 2 quantity pointer | The most it may hold.

definition io.k8s.api.core.v1.EphemeralVolumeSource | A claim that goes with the pod.
  volumeClaimTemplate 1 PersistentVolumeClaimTemplate pointer | What the claim looks like that is made for the pod.

definition io.k8s.api.core.v1.FCVolumeSource | A Fibre Channel volume.
  fsType 3 string | File system of the volume, such as ext4.
  lun 2 int32 pointer | Number of the logical unit.
  readOnly 4 bool | True to forbid writes.
  targetWWNs 1 []string list=atomic | World wide names of the target.
  wwids 5 []string list=atomic | World wide ids of the volume.

definition io.k8s.api.core.v1.FlexVolumeSource | A volume that a FlexVolume driver mounts.
  driver 1 string! | Name of the driver.
  fsType 2 string | File system of the volume, such as ext4.
  options 5 {}string | Options.
  readOnly 4 bool | True to forbid writes.
  secretRef 3 LocalObjectReference pointer | Secret with the credentials.

definition io.k8s.api.core.v1.FlockerVolumeSource | A Flocker volume.
  datasetName 1 string | Name of the data set.
  datasetUUID 2 string | Id of the data set.

definition io.k8s.api.core.v1.GCEPersistentDiskVolumeSource | A disk of Google Cloud.
  fsType 2 string | File system of the volume, such as ext4.
  partition 3 int32 | Number of the partition.
  pdName 1 string! | Name of the disk.
  readOnly 4 bool | True to forbid writes.

definition io.k8s.api.core.v1.GitRepoVolumeSource | A checkout; not used any more.
  directory 3 string | Directory of the checkout.
  repository 1 string! | Address of the repository.
  revision 2 string | Commit to check out.

definition io.k8s.api.core.v1.GlusterfsVolumeSource | A Gluster volume.
  endpoints 1 string! | The endpoints.
  path 2 string! | A path; what it is relative to depends on the source.
  readOnly 3 bool | True to forbid writes.

definition io.k8s.api.core.v1.HostPathVolumeSource | A path of the node.
  path 1 string! | Path on the node.
  type 2 string enum=,BlockDevice,CharDevice,Directory,DirectoryOrCreate,File,FileOrCreate,Socket default="" pointer | Which sort it is.

definition io.k8s.api.core.v1.ISCSIVolumeSource | An iSCSI volume.
  chapAuthDiscovery 8 bool | True to authenticate during discovery.
  chapAuthSession 11 bool | True to authenticate the session.
  fsType 5 string | File system of the volume, such as ext4.
  initiatorName 12 string pointer | Name of the initiator.
  iqn 2 string! | Qualified name of the target.
  iscsiInterface 4 string default="default" | Name of the interface.
  lun 3 int32! | Number of the logical unit.
  portals 7 []string list=atomic | More addresses of the target.
  readOnly 6 bool | True to forbid writes.
  secretRef 10 LocalObjectReference pointer | Secret with the credentials.
  targetPortal 1 string! | Address of the target.

definition io.k8s.api.core.v1.ImageVolumeSource | The files of an image.
  pullPolicy 2 string enum=Always,IfNotPresent,Never | When the image is pulled.
  reference 1 string | Name of the image.

definition io.k8s.api.core.v1.KeyToPath | Which key becomes which file.
  key 1 string! | Key to look up.
  mode 3 int32 pointer | Permission bits of the file.
  path 2 string! | File, relative to the mount.

definition io.k8s.api.core.v1.NFSVolumeSource | A directory of an NFS server.
  path 2 string! | Directory that the server exports.
  readOnly 3 bool | True to forbid writes.
  server 1 string! | Host name or address of the server.

definition io.k8s.api.core.v1.PersistentVolumeClaimSpec | What storage is asked for.
  accessModes 1 []string list=atomic | How many nodes may read and write.
  dataSource 7 TypedLocalObjectReference pointer | What the volume starts with.
  dataSourceRef 8 TypedObjectReference pointer | What the volume starts with, from any kind.
  resources 2 VolumeResourceRequirements default={} | Computing resources that it asks for and may use.
  selector 4 LabelSelector pointer | Which pods belong to it.
  storageClassName 5 string pointer | Name of the storage class.
  volumeAttributesClassName 9 string pointer | Name of the volume attributes class.
  volumeMode 6 string enum=Block,Filesystem default="Filesystem" pointer | Filesystem or Block.
  volumeName 3 string | Name of the volume.

definition io.k8s.api.core.v1.PersistentVolumeClaimTemplate | What a claim looks like that is made for a pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 PersistentVolumeClaimSpec! | What is wanted.

definition io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource | A claim of the same namespace.
  claimName 1 string! | Name of the claim.
  readOnly 2 bool | True to forbid writes.

definition io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource | A disk of Photon.
  fsType 2 string | File system of the volume, such as ext4.
  pdID 1 string! | Id of the disk.

definition io.k8s.api.core.v1.PodCertificateProjection | A key and a certificate as files.
  certificateChainPath 6 string | File for the certificates.
  credentialBundlePath 4 string | File for key and certificates together.
  keyPath 5 string | File for the private key.
  keyType 2 string! | Type of the private key.
  maxExpirationSeconds 3 int32 default=86400 pointer | The most seconds that the certificate may be good for.
  signerName 1 string! | Name of the signer.
  userAnnotations 7 {}string | Notes for the signer.

definition io.k8s.api.core.v1.PortworxVolumeSource | A Portworx volume.
  fsType 2 string | File system of the volume, such as ext4.
  readOnly 3 bool | True to forbid writes.
  volumeID 1 string! | Id of the volume with its provider.

definition io.k8s.api.core.v1.ProjectedVolumeSource | Several sources in one directory.
  defaultMode 2 int32 default=420 pointer | Permission bits of files that name none.
  sources 1 []VolumeProjection list=atomic | Where the files come from.

definition io.k8s.api.core.v1.QuobyteVolumeSource | A Quobyte volume.
  group 5 string | API group; empty for the core group.
  readOnly 3 bool | True to forbid writes.
  registry 1 string! | Address of the registry.
  tenant 6 string | Name of the tenant.
  user 4 string | User to act as.
  volume 2 string! | Name of the volume.

definition io.k8s.api.core.v1.RBDVolumeSource | A disk of Ceph.
  fsType 3 string | File system of the volume, such as ext4.
  image 2 string! | Image that a container is started from.
  keyring 6 string default="/etc/ceph/keyring" | File with the key ring.
  monitors 1 []string! list=atomic | Addresses of the monitors.
  pool 4 string default="rbd" | Name of the pool.
  readOnly 8 bool | True to forbid writes.
  secretRef 7 LocalObjectReference pointer | Secret with the credentials.
  user 5 string default="admin" | User to act as.

definition io.k8s.api.core.v1.ScaleIOVolumeSource | A ScaleIO volume.
  fsType 9 string default="xfs" | File system of the volume, such as ext4.
  gateway 1 string! | Address of the gateway.
  protectionDomain 5 string | Name of the protection domain.
  readOnly 10 bool | True to forbid writes.
  secretRef 3 LocalObjectReference! pointer | Secret with the credentials.
  sslEnabled 4 bool | True to use TLS.
  storageMode 7 string default="ThinProvisioned" | ThickProvisioned or ThinProvisioned.
  storagePool 6 string | Name of the storage pool.
  system 2 string! | Name of the storage system.
  volumeName 8 string | Name of the volume.

definition io.k8s.api.core.v1.SecretProjection | A secret as files.
  items 2 []KeyToPath list=atomic | The entries.
  name 1/1 string | Name of it.
  optional 4 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.SecretVolumeSource | A secret as files.
  defaultMode 3 int32 default=420 pointer | Permission bits of files that name none.
  items 2 []KeyToPath list=atomic | The entries.
  optional 4 bool pointer | True when it may be missing.
  secretName 1 string | Name of the secret.

definition io.k8s.api.core.v1.ServiceAccountTokenProjection | A token as a file.
  audience 1 string | Whom the token is meant for.
  expirationSeconds 2 int64 default=3600 pointer | Seconds until it expires.
  path 3 string! | A path; what it is relative to depends on the source.

definition io.k8s.api.core.v1.StorageOSVolumeSource | A StorageOS volume.
  fsType 3 string | File system of the volume, such as ext4.
  readOnly 4 bool | True to forbid writes.
  secretRef 5 LocalObjectReference pointer | Secret with the credentials.
  volumeName 1 string | Name of the volume.
  volumeNamespace 2 string | Namespace of the volume with its provider.

definition io.k8s.api.core.v1.TypedObjectReference | An object, by kind and name.
  apiGroup 1 string pointer | API group; empty for the core group.
  kind 2 string! | Name of the kind in camel case, such as Pod.
  name 3 string! | Name of it.
  namespace 4 string pointer | Namespace of it.

definition io.k8s.api.core.v1.Volume | Files or a device that containers may mount.
  awsElasticBlockStore 2/4 AWSElasticBlockStoreVolumeSource pointer | A disk of AWS.
  azureDisk 2/22 AzureDiskVolumeSource pointer | A disk of Azure.
  azureFile 2/18 AzureFileVolumeSource pointer | A share of Azure.
  cephfs 2/14 CephFSVolumeSource pointer | A directory of CephFS.
  cinder 2/13 CinderVolumeSource pointer | A disk of OpenStack.
  configMap 2/19 ConfigMapVolumeSource pointer | A config map.
  csi 2/28 CSIVolumeSource pointer | A volume that a CSI driver mounts.
  downwardAPI 2/16 DownwardAPIVolumeSource pointer | Facts about the pod itself.
  emptyDir 2/2 EmptyDirVolumeSource pointer | An empty directory that goes with the pod.
  ephemeral 2/29 EphemeralVolumeSource pointer | A claim that goes with the pod.
  fc 2/17 FCVolumeSource pointer | A Fibre Channel volume.
  flexVolume 2/12 FlexVolumeSource pointer | A volume that a FlexVolume driver mounts.
  flocker 2/15 FlockerVolumeSource pointer | A Flocker volume.
  gcePersistentDisk 2/3 GCEPersistentDiskVolumeSource pointer | A disk of Google Cloud.
  gitRepo 2/5 GitRepoVolumeSource pointer | A checkout; not used any more.
  glusterfs 2/9 GlusterfsVolumeSource pointer | A Gluster volume.
  hostPath 2/1 HostPathVolumeSource pointer | A path of the node.
  image 2/30 ImageVolumeSource pointer | Image that a container is started from.
  iscsi 2/8 ISCSIVolumeSource pointer | An iSCSI volume.
  name 1 string! | Name by which containers mount it.
  nfs 2/7 NFSVolumeSource pointer | A directory of an NFS server.
  persistentVolumeClaim 2/10 PersistentVolumeClaimVolumeSource pointer | A claim of the same namespace.
  photonPersistentDisk 2/23 PhotonPersistentDiskVolumeSource pointer | A disk of Photon.
  portworxVolume 2/24 PortworxVolumeSource pointer | A Portworx volume.
  projected 2/26 ProjectedVolumeSource pointer | Several sources in one directory.
  quobyte 2/21 QuobyteVolumeSource pointer | A Quobyte volume.
  rbd 2/11 RBDVolumeSource pointer | A disk of Ceph.
  scaleIO 2/25 ScaleIOVolumeSource pointer | A ScaleIO volume.
  secret 2/6 SecretVolumeSource pointer | A secret.
  storageos 2/27 StorageOSVolumeSource pointer | A StorageOS volume.
  vsphereVolume 2/20 VsphereVirtualDiskVolumeSource pointer | A disk of vSphere.

definition io.k8s.api.core.v1.VolumeDevice | Where a volume appears as a block device.
  devicePath 2 string! | Path of the device.
  name 1 string! | Name of it.

definition io.k8s.api.core.v1.VolumeMount | Where a volume appears in the file system.
  mountPath 3 string! | Where it appears in the container.
  mountPropagation 5 string enum=Bidirectional,HostToContainer,None pointer | Whether later mounts are seen on the other side.
  name 1 string! | Name of the volume.
  readOnly 2 bool | True to forbid writes.
  recursiveReadOnly 7 string pointer | Whether mounts below are read-only too.
  subPath 4 string | Path within the volume.
  subPathExpr 6 string | Path within the volume, with $(VAR) for variables.

definition io.k8s.api.core.v1.VolumeMountStatus | What became of one mount.
  mountPath 2 string! | Where it appears in the container.
  name 1 string! | Name of it.
  readOnly 3 bool | True to forbid writes.
  recursiveReadOnly 4 string pointer | Whether mounts below are read-only too.
  volumeStatus 5 VolumeStatus pointer | More about the volume.

definition io.k8s.api.core.v1.VolumeProjection | One source of a projected volume.
  clusterTrustBundle 5 ClusterTrustBundleProjection pointer | Certificates of the cluster's trust bundles.
  configMap 3 ConfigMapProjection pointer | A config map.
  downwardAPI 2 DownwardAPIProjection pointer | Facts about the pod itself.
  podCertificate 6 PodCertificateProjection pointer | A key and a certificate for the pod.
  secret 1 SecretProjection pointer | A secret.
  serviceAccountToken 4 ServiceAccountTokenProjection pointer | A token of the pod's service account.

definition io.k8s.api.core.v1.VolumeResourceRequirements | How much storage is asked for.
  limits 1 {}quantity | The most it may use.
  requests 2 {}quantity | What is set aside for it.

definition io.k8s.api.core.v1.VolumeStatus | More about a mounted volume.
  image 1 ImageVolumeStatus pointer | Image that a container is started from.

definition io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource | A disk of vSphere.
  fsType 2 string | File system of the volume, such as ext4.
  storagePolicyID 4 string | Id of the storage policy.
  storagePolicyName 3 string | Name of the storage policy.
  volumePath 1 string! | Path of the disk.
`
