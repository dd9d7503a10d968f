/** Containers, their probes, environment and status. The form of a line is explained in ../schema.ts. */
export const containerTable = `
definition io.k8s.api.core.v1.AppArmorProfile
  localhostProfile 2 string pointer
  type 1 string! enum=Localhost,RuntimeDefault,Unconfined

definition io.k8s.api.core.v1.Capabilities
  add 1 []string list=atomic
  drop 2 []string list=atomic

definition io.k8s.api.core.v1.ConfigMapEnvSource
  name 1/1 string
  optional 2 bool pointer

definition io.k8s.api.core.v1.ConfigMapKeySelector atomic
  key 2 string!
  name 1/1 string
  optional 3 bool pointer

definition io.k8s.api.core.v1.Container
  args 4 []string list=atomic
  command 3 []string list=atomic
  env 7 []EnvVar list=map:name patch=merge:name
  envFrom 19 []EnvFromSource list=atomic
  image 2 string
  imagePullPolicy 14 string enum=Always,IfNotPresent,Never
  lifecycle 12 Lifecycle
  livenessProbe 10 Probe
  name 1 string!
  ports 6 []ContainerPort list=map:containerPort,protocol patch=merge:containerPort
  readinessProbe 11 Probe
  resizePolicy 23 []ContainerResizePolicy list=atomic
  resources 8 ResourceRequirements default={}
  restartPolicy 24 string pointer
  restartPolicyRules 25 []ContainerRestartRule list=atomic
  securityContext 15 SecurityContext
  startupProbe 22 Probe
  stdin 16 bool
  stdinOnce 17 bool
  terminationMessagePath 13 string default="/dev/termination-log"
  terminationMessagePolicy 20 string enum=FallbackToLogsOnError,File default="File"
  tty 18 bool
  volumeDevices 21 []VolumeDevice list=map:devicePath patch=merge:devicePath
  volumeMounts 9 []VolumeMount list=map:mountPath patch=merge:mountPath
  workingDir 5 string

definition io.k8s.api.core.v1.ContainerExtendedResourceRequest
  containerName 1 string!
  requestName 3 string!
  resourceName 2 string!

definition io.k8s.api.core.v1.ContainerPort
  containerPort 3 int32!
  hostIP 5 string
  hostPort 2 int32
  name 1 string
  protocol 4 string enum=SCTP,TCP,UDP default="TCP"

definition io.k8s.api.core.v1.ContainerResizePolicy
  resourceName 1 string!
  restartPolicy 2 string!

definition io.k8s.api.core.v1.ContainerRestartRule
  action 1 string!
  exitCodes 2 ContainerRestartRuleOnExitCodes

definition io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes
  operator 1 string!
  values 2 []int32 list=set

definition io.k8s.api.core.v1.ContainerState
  running 2 ContainerStateRunning
  terminated 3 ContainerStateTerminated
  waiting 1 ContainerStateWaiting

definition io.k8s.api.core.v1.ContainerStateRunning
  startedAt 1 time

definition io.k8s.api.core.v1.ContainerStateTerminated
  containerID 7 string
  exitCode 1 int32!
  finishedAt 6 time
  message 4 string
  reason 3 string
  signal 2 int32
  startedAt 5 time

definition io.k8s.api.core.v1.ContainerStateWaiting
  message 2 string
  reason 1 string

definition io.k8s.api.core.v1.ContainerStatus
  allocatedResources 10 {}quantity
  allocatedResourcesStatus 14 []ResourceStatus list=map:name patch=merge:name
  containerID 8 string
  image 6 string!
  imageID 7 string!
  lastState 3 ContainerState
  name 1 string!
  ready 4 bool!
  resources 11 ResourceRequirements
  restartCount 5 int32!
  started 9 bool pointer
  state 2 ContainerState
  stopSignal 15 string enum=SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ pointer
  user 13 ContainerUser
  volumeMounts 12 []VolumeMountStatus list=map:mountPath patch=merge:mountPath

definition io.k8s.api.core.v1.ContainerUser
  linux 1 LinuxContainerUser

definition io.k8s.api.core.v1.EnvFromSource
  configMapRef 2 ConfigMapEnvSource
  prefix 1 string
  secretRef 3 SecretEnvSource

definition io.k8s.api.core.v1.EnvVar
  name 1 string!
  value 2 string
  valueFrom 3 EnvVarSource

definition io.k8s.api.core.v1.EnvVarSource
  configMapKeyRef 3 ConfigMapKeySelector
  fieldRef 1 ObjectFieldSelector
  fileKeyRef 5 FileKeySelector
  resourceFieldRef 2 ResourceFieldSelector
  secretKeyRef 4 SecretKeySelector

definition io.k8s.api.core.v1.EphemeralContainer
  args 1/4 []string list=atomic
  command 1/3 []string list=atomic
  env 1/7 []EnvVar list=map:name patch=merge:name
  envFrom 1/19 []EnvFromSource list=atomic
  image 1/2 string
  imagePullPolicy 1/14 string enum=Always,IfNotPresent,Never
  lifecycle 1/12 Lifecycle
  livenessProbe 1/10 Probe
  name 1/1 string!
  ports 1/6 []ContainerPort list=map:containerPort,protocol patch=merge:containerPort
  readinessProbe 1/11 Probe
  resizePolicy 1/23 []ContainerResizePolicy list=atomic
  resources 1/8 ResourceRequirements default={}
  restartPolicy 1/24 string pointer
  restartPolicyRules 1/25 []ContainerRestartRule list=atomic
  securityContext 1/15 SecurityContext
  startupProbe 1/22 Probe
  stdin 1/16 bool
  stdinOnce 1/17 bool
  targetContainerName 2 string
  terminationMessagePath 1/13 string default="/dev/termination-log"
  terminationMessagePolicy 1/20 string enum=FallbackToLogsOnError,File default="File"
  tty 1/18 bool
  volumeDevices 1/21 []VolumeDevice list=map:devicePath patch=merge:devicePath
  volumeMounts 1/9 []VolumeMount list=map:mountPath patch=merge:mountPath
  workingDir 1/5 string

definition io.k8s.api.core.v1.ExecAction
  command 1 []string list=atomic

definition io.k8s.api.core.v1.FileKeySelector atomic
  key 3 string!
  optional 4 bool pointer
  path 2 string!
  volumeName 1 string!

definition io.k8s.api.core.v1.GRPCAction
  port 1 int32!
  service 2 string default="" pointer

definition io.k8s.api.core.v1.HTTPGetAction
  host 3 string
  httpHeaders 5 []HTTPHeader list=atomic
  path 1 string default="/"
  port 2 intOrString!
  scheme 4 string enum=HTTP,HTTPS default="HTTP"

definition io.k8s.api.core.v1.HTTPHeader
  name 1 string!
  value 2 string!

definition io.k8s.api.core.v1.Lifecycle
  postStart 1 LifecycleHandler
  preStop 2 LifecycleHandler
  stopSignal 3 string enum=SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ pointer

definition io.k8s.api.core.v1.LifecycleHandler
  exec 1 ExecAction
  httpGet 2 HTTPGetAction
  sleep 4 SleepAction
  tcpSocket 3 TCPSocketAction

definition io.k8s.api.core.v1.LinuxContainerUser
  gid 2 int64!
  supplementalGroups 3 []int64 list=atomic
  uid 1 int64!

definition io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus
  containers 2 []string list=set
  resourceClaimName 1 string!
  resources 3 {}quantity!

definition io.k8s.api.core.v1.ObjectFieldSelector atomic
  apiVersion 1 string default="v1"
  fieldPath 2 string!

definition io.k8s.api.core.v1.PodExtendedResourceClaimStatus
  requestMappings 1 []ContainerExtendedResourceRequest! list=atomic
  resourceClaimName 2 string!

definition io.k8s.api.core.v1.PodResourceClaim
  name 1 string!
  resourceClaimName 3 string pointer
  resourceClaimTemplateName 4 string pointer

definition io.k8s.api.core.v1.PodResourceClaimStatus
  name 1 string!
  resourceClaimName 2 string pointer

definition io.k8s.api.core.v1.PodSecurityContext
  appArmorProfile 11 AppArmorProfile
  fsGroup 5 int64 pointer
  fsGroupChangePolicy 9 string enum=Always,OnRootMismatch pointer
  runAsGroup 6 int64 pointer
  runAsNonRoot 3 bool pointer
  runAsUser 2 int64 pointer
  seLinuxChangePolicy 13 string pointer
  seLinuxOptions 1 SELinuxOptions
  seccompProfile 10 SeccompProfile
  supplementalGroups 4 []int64 list=atomic
  supplementalGroupsPolicy 12 string enum=Merge,Strict pointer
  sysctls 7 []Sysctl list=atomic
  windowsOptions 8 WindowsSecurityContextOptions

definition io.k8s.api.core.v1.Probe
  exec 1/1 ExecAction
  failureThreshold 6 int32 default=3
  grpc 1/4 GRPCAction
  httpGet 1/2 HTTPGetAction
  initialDelaySeconds 2 int32
  periodSeconds 4 int32 default=10
  successThreshold 5 int32 default=1
  tcpSocket 1/3 TCPSocketAction
  terminationGracePeriodSeconds 7 int64 pointer
  timeoutSeconds 3 int32 default=1

definition io.k8s.api.core.v1.ResourceClaim
  name 1 string!
  request 2 string

definition io.k8s.api.core.v1.ResourceFieldSelector atomic
  containerName 1 string
  divisor 3 quantity default="0"
  resource 2 string!

definition io.k8s.api.core.v1.ResourceHealth
  health 2 string
  message 6 string
  resourceID 1 string!

definition io.k8s.api.core.v1.ResourceRequirements
  claims 3 []ResourceClaim list=map:name
  limits 1 {}quantity
  requests 2 {}quantity

definition io.k8s.api.core.v1.ResourceStatus
  name 1 string!
  resources 2 []ResourceHealth list=map:resourceID

definition io.k8s.api.core.v1.SELinuxOptions
  level 4 string
  role 2 string
  type 3 string
  user 1 string

definition io.k8s.api.core.v1.SeccompProfile
  localhostProfile 2 string pointer
  type 1 string! enum=Localhost,RuntimeDefault,Unconfined

definition io.k8s.api.core.v1.SecretEnvSource
  name 1/1 string
  optional 2 bool pointer

definition io.k8s.api.core.v1.SecretKeySelector atomic
  key 2 string!
  name 1/1 string
  optional 3 bool pointer

definition io.k8s.api.core.v1.SecurityContext
  allowPrivilegeEscalation 7 bool pointer
  appArmorProfile 12 AppArmorProfile
  capabilities 1 Capabilities
  privileged 2 bool pointer
  procMount 9 string enum=Default,Unmasked pointer
  readOnlyRootFilesystem 6 bool pointer
  runAsGroup 8 int64 pointer
  runAsNonRoot 5 bool pointer
  runAsUser 4 int64 pointer
  seLinuxOptions 3 SELinuxOptions
  seccompProfile 11 SeccompProfile
  windowsOptions 10 WindowsSecurityContextOptions

definition io.k8s.api.core.v1.SleepAction
  seconds 1 int64!

definition io.k8s.api.core.v1.TCPSocketAction
  host 2 string
  port 1 intOrString!

definition io.k8s.api.core.v1.WindowsSecurityContextOptions
  gmsaCredentialSpec 2 string pointer
  gmsaCredentialSpecName 1 string pointer
  hostProcess 4 bool pointer
  runAsUserName 3 string pointer
`
