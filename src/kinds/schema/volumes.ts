/** Volumes of pods. The form of a line is explained in ../schema.ts. */
export const volumesTable = `
definition io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource
  fsType 2 string
  partition 3 int32
  readOnly 4 bool
  volumeID 1 string!

definition io.k8s.api.core.v1.AzureDiskVolumeSource
  cachingMode 3 string enum=None,ReadOnly,ReadWrite default="ReadWrite" pointer
  diskName 1 string!
  diskURI 2 string!
  fsType 4 string default="ext4" pointer
  kind 6 string enum=Dedicated,Managed,Shared default="Shared" pointer
  readOnly 5 bool default=false pointer

definition io.k8s.api.core.v1.AzureFileVolumeSource
  readOnly 3 bool
  secretName 1 string!
  shareName 2 string!

definition io.k8s.api.core.v1.CSIVolumeSource
  driver 1 string!
  fsType 3 string pointer
  nodePublishSecretRef 5 LocalObjectReference
  readOnly 2 bool pointer
  volumeAttributes 4 {}string

definition io.k8s.api.core.v1.CephFSVolumeSource
  monitors 1 []string! list=atomic
  path 2 string
  readOnly 6 bool
  secretFile 4 string
  secretRef 5 LocalObjectReference
  user 3 string

definition io.k8s.api.core.v1.CinderVolumeSource
  fsType 2 string
  readOnly 3 bool
  secretRef 4 LocalObjectReference
  volumeID 1 string!

definition io.k8s.api.core.v1.ClusterTrustBundleProjection
  labelSelector 3 LabelSelector
  name 1 string pointer
  optional 5 bool pointer
  path 4 string!
  signerName 2 string pointer

definition io.k8s.api.core.v1.ConfigMapProjection
  items 2 []KeyToPath list=atomic
  name 1/1 string
  optional 4 bool pointer

definition io.k8s.api.core.v1.ConfigMapVolumeSource
  defaultMode 3 int32 default=420 pointer
  items 2 []KeyToPath list=atomic
  name 1/1 string
  optional 4 bool pointer

definition io.k8s.api.core.v1.DownwardAPIProjection
  items 1 []DownwardAPIVolumeFile list=atomic

definition io.k8s.api.core.v1.DownwardAPIVolumeFile
  fieldRef 2 ObjectFieldSelector
  mode 4 int32 pointer
  path 1 string!
  resourceFieldRef 3 ResourceFieldSelector

definition io.k8s.api.core.v1.DownwardAPIVolumeSource
  defaultMode 2 int32 default=420 pointer
  items 1 []DownwardAPIVolumeFile list=atomic

definition io.k8s.api.core.v1.EmptyDirVolumeSource
  medium 1 string
  sizeLimit 2 quantity

definition io.k8s.api.core.v1.EphemeralVolumeSource
  volumeClaimTemplate 1 PersistentVolumeClaimTemplate

definition io.k8s.api.core.v1.FCVolumeSource
  fsType 3 string
  lun 2 int32 pointer
  readOnly 4 bool
  targetWWNs 1 []string list=atomic
  wwids 5 []string list=atomic

definition io.k8s.api.core.v1.FlexVolumeSource
  driver 1 string!
  fsType 2 string
  options 5 {}string
  readOnly 4 bool
  secretRef 3 LocalObjectReference

definition io.k8s.api.core.v1.FlockerVolumeSource
  datasetName 1 string
  datasetUUID 2 string

definition io.k8s.api.core.v1.GCEPersistentDiskVolumeSource
  fsType 2 string
  partition 3 int32
  pdName 1 string!
  readOnly 4 bool

definition io.k8s.api.core.v1.GitRepoVolumeSource
  directory 3 string
  repository 1 string!
  revision 2 string

definition io.k8s.api.core.v1.GlusterfsVolumeSource
  endpoints 1 string!
  path 2 string!
  readOnly 3 bool

definition io.k8s.api.core.v1.HostPathVolumeSource
  path 1 string!
  type 2 string enum=,BlockDevice,CharDevice,Directory,DirectoryOrCreate,File,FileOrCreate,Socket default="" pointer

definition io.k8s.api.core.v1.ISCSIVolumeSource
  chapAuthDiscovery 8 bool
  chapAuthSession 11 bool
  fsType 5 string
  initiatorName 12 string pointer
  iqn 2 string!
  iscsiInterface 4 string default="default"
  lun 3 int32!
  portals 7 []string list=atomic
  readOnly 6 bool
  secretRef 10 LocalObjectReference
  targetPortal 1 string!

definition io.k8s.api.core.v1.ImageVolumeSource
  pullPolicy 2 string enum=Always,IfNotPresent,Never
  reference 1 string

definition io.k8s.api.core.v1.KeyToPath
  key 1 string!
  mode 3 int32 pointer
  path 2 string!

definition io.k8s.api.core.v1.NFSVolumeSource
  path 2 string!
  readOnly 3 bool
  server 1 string!

definition io.k8s.api.core.v1.PersistentVolumeClaimSpec
  accessModes 1 []string list=atomic
  dataSource 7 TypedLocalObjectReference
  dataSourceRef 8 TypedObjectReference
  resources 2 VolumeResourceRequirements
  selector 4 LabelSelector
  storageClassName 5 string pointer
  volumeAttributesClassName 9 string pointer
  volumeMode 6 string enum=Block,Filesystem default="Filesystem" pointer
  volumeName 3 string

definition io.k8s.api.core.v1.PersistentVolumeClaimTemplate
  metadata 1 ObjectMeta
  spec 2 PersistentVolumeClaimSpec!

definition io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource
  claimName 1 string!
  readOnly 2 bool

definition io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource
  fsType 2 string
  pdID 1 string!

definition io.k8s.api.core.v1.PodCertificateProjection
  certificateChainPath 6 string
  credentialBundlePath 4 string
  keyPath 5 string
  keyType 2 string!
  maxExpirationSeconds 3 int32 default=86400 pointer
  signerName 1 string!
  userAnnotations 7 {}string

definition io.k8s.api.core.v1.PortworxVolumeSource
  fsType 2 string
  readOnly 3 bool
  volumeID 1 string!

definition io.k8s.api.core.v1.ProjectedVolumeSource
  defaultMode 2 int32 default=420 pointer
  sources 1 []VolumeProjection list=atomic

definition io.k8s.api.core.v1.QuobyteVolumeSource
  group 5 string
  readOnly 3 bool
  registry 1 string!
  tenant 6 string
  user 4 string
  volume 2 string!

definition io.k8s.api.core.v1.RBDVolumeSource
  fsType 3 string
  image 2 string!
  keyring 6 string default="/etc/ceph/keyring"
  monitors 1 []string! list=atomic
  pool 4 string default="rbd"
  readOnly 8 bool
  secretRef 7 LocalObjectReference
  user 5 string default="admin"

definition io.k8s.api.core.v1.ScaleIOVolumeSource
  fsType 9 string default="xfs"
  gateway 1 string!
  protectionDomain 5 string
  readOnly 10 bool
  secretRef 3 LocalObjectReference!
  sslEnabled 4 bool
  storageMode 7 string default="ThinProvisioned"
  storagePool 6 string
  system 2 string!
  volumeName 8 string

definition io.k8s.api.core.v1.SecretProjection
  items 2 []KeyToPath list=atomic
  name 1/1 string
  optional 4 bool pointer

definition io.k8s.api.core.v1.SecretVolumeSource
  defaultMode 3 int32 default=420 pointer
  items 2 []KeyToPath list=atomic
  optional 4 bool pointer
  secretName 1 string

definition io.k8s.api.core.v1.ServiceAccountTokenProjection
  audience 1 string
  expirationSeconds 2 int64 default=3600 pointer
  path 3 string!

definition io.k8s.api.core.v1.StorageOSVolumeSource
  fsType 3 string
  readOnly 4 bool
  secretRef 5 LocalObjectReference
  volumeName 1 string
  volumeNamespace 2 string

definition io.k8s.api.core.v1.TypedObjectReference
  apiGroup 1 string pointer
  kind 2 string!
  name 3 string!
  namespace 4 string pointer

definition io.k8s.api.core.v1.Volume
  awsElasticBlockStore 2/4 AWSElasticBlockStoreVolumeSource
  azureDisk 2/22 AzureDiskVolumeSource
  azureFile 2/18 AzureFileVolumeSource
  cephfs 2/14 CephFSVolumeSource
  cinder 2/13 CinderVolumeSource
  configMap 2/19 ConfigMapVolumeSource
  csi 2/28 CSIVolumeSource
  downwardAPI 2/16 DownwardAPIVolumeSource
  emptyDir 2/2 EmptyDirVolumeSource
  ephemeral 2/29 EphemeralVolumeSource
  fc 2/17 FCVolumeSource
  flexVolume 2/12 FlexVolumeSource
  flocker 2/15 FlockerVolumeSource
  gcePersistentDisk 2/3 GCEPersistentDiskVolumeSource
  gitRepo 2/5 GitRepoVolumeSource
  glusterfs 2/9 GlusterfsVolumeSource
  hostPath 2/1 HostPathVolumeSource
  image 2/30 ImageVolumeSource
  iscsi 2/8 ISCSIVolumeSource
  name 1 string!
  nfs 2/7 NFSVolumeSource
  persistentVolumeClaim 2/10 PersistentVolumeClaimVolumeSource
  photonPersistentDisk 2/23 PhotonPersistentDiskVolumeSource
  portworxVolume 2/24 PortworxVolumeSource
  projected 2/26 ProjectedVolumeSource
  quobyte 2/21 QuobyteVolumeSource
  rbd 2/11 RBDVolumeSource
  scaleIO 2/25 ScaleIOVolumeSource
  secret 2/6 SecretVolumeSource
  storageos 2/27 StorageOSVolumeSource
  vsphereVolume 2/20 VsphereVirtualDiskVolumeSource

definition io.k8s.api.core.v1.VolumeDevice
  devicePath 2 string!
  name 1 string!

definition io.k8s.api.core.v1.VolumeMount
  mountPath 3 string!
  mountPropagation 5 string enum=Bidirectional,HostToContainer,None pointer
  name 1 string!
  readOnly 2 bool
  recursiveReadOnly 7 string pointer
  subPath 4 string
  subPathExpr 6 string

definition io.k8s.api.core.v1.VolumeMountStatus
  mountPath 2 string!
  name 1 string!
  readOnly 3 bool
  recursiveReadOnly 4 string pointer
  volumeStatus 5 VolumeStatus

definition io.k8s.api.core.v1.VolumeProjection
  clusterTrustBundle 5 ClusterTrustBundleProjection
  configMap 3 ConfigMapProjection
  downwardAPI 2 DownwardAPIProjection
  podCertificate 6 PodCertificateProjection
  secret 1 SecretProjection
  serviceAccountToken 4 ServiceAccountTokenProjection

definition io.k8s.api.core.v1.VolumeResourceRequirements
  limits 1 {}quantity
  requests 2 {}quantity

definition io.k8s.api.core.v1.VolumeStatus
  image 1 ImageVolumeStatus

definition io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource
  fsType 2 string
  storagePolicyID 4 string
  storagePolicyName 3 string
  volumePath 1 string!
`
