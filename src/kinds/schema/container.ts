/** Containers, their probes, environment and status. The form of a line is explained in ../schema.ts. */
export const containerTable = `
definition io.k8s.api.core.v1.AppArmorProfile | An AppArmor profile.
  localhostProfile 2 string pointer | Path of the profile on the node.
  type 1 string! enum=Localhost,RuntimeDefault,Unconfined | Which sort it is.

definition io.k8s.api.core.v1.Capabilities | Linux capabilities to add and to drop.
  add 1 []string list=atomic | To be added.
  drop 2 []string list=atomic | To be taken away.

definition io.k8s.api.core.v1.ConfigMapEnvSource | A config map whose keys become variables.
  name 1/1 string | Name of it.
  optional 2 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.ConfigMapKeySelector atomic | One key of a config map.
  key 2 string! | Key to look up.
  name 1/1 string | Name of it.
  optional 3 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.Container | One container of a pod.
  args 4 []string list=atomic | Arguments of the command.
  command 3 []string list=atomic | Program and arguments, not run in a shell.
  env 7 []EnvVar list=map:name patch=merge:name | Environment variables.
  envFrom 19 []EnvFromSource list=atomic | Config maps and secrets whose every key becomes an environment variable.
  image 2 string | Image that a container is started from.
  imagePullPolicy 14 string enum=Always,IfNotPresent,Never | When the image is pulled.
  lifecycle 12 Lifecycle pointer | What runs right after the start and right before the end.
  livenessProbe 10 Probe pointer | A failing container is restarted.
  name 1 string! | Name, unique in the pod.
  ports 6 []ContainerPort list=map:containerPort,protocol patch=merge:containerPort | Ports that it listens on.
  readinessProbe 11 Probe pointer | A failing container gets no traffic.
  resizePolicy 23 []ContainerResizePolicy list=atomic | What a change of resources means for a running container.
  resources 8 ResourceRequirements default={} | What it asks for and the most it may use.
  restartPolicy 24 string pointer | When ended containers start again.
  restartPolicyRules 25 []ContainerRestartRule list=atomic | Exceptions from the restart policy, by exit code.
  securityContext 15 SecurityContext pointer | Users, groups and privileges.
  startupProbe 22 Probe pointer | The other probes wait until this one succeeds.
  stdin 16 bool | True to keep standard input open.
  stdinOnce 17 bool | True to close standard input after the first client has left.
  terminationMessagePath 13 string default="/dev/termination-log" | File whose content becomes the reason of the end.
  terminationMessagePolicy 20 string enum=FallbackToLogsOnError,File default="File" | Where the reason of the end is taken from.
  tty 18 bool | True to give the container a terminal.
  volumeDevices 21 []VolumeDevice list=map:devicePath patch=merge:devicePath | Which volumes appear as block devices.
  volumeMounts 9 []VolumeMount list=map:mountPath patch=merge:mountPath | Which volumes appear where in the file system.
  workingDir 5 string | Directory in which the command starts.

definition io.k8s.api.core.v1.ContainerExtendedResourceRequest | Which request stands for an extended resource.
  containerName 1 string! | Name of the container.
  requestName 3 string! | Name of the request in the claim.
  resourceName 2 string! | Name of the resource.

definition io.k8s.api.core.v1.ContainerPort | A port that a container listens on.
  containerPort 3 int32! | Port in the container.
  hostIP 5 string | Address of the node.
  hostPort 2 int32 | Port of the node that leads to it.
  name 1 string | Name of it.
  protocol 4 string enum=SCTP,TCP,UDP default="TCP" | TCP, UDP or SCTP.

definition io.k8s.api.core.v1.ContainerResizePolicy | What a change of one resource means for a running container.
  resourceName 1 string! | Name of the resource.
  restartPolicy 2 string! | When ended containers start again.

definition io.k8s.api.core.v1.ContainerRestartRule | What happens after certain exit codes.
  action 1 string! | What was or shall be done.
  exitCodes 2 ContainerRestartRuleOnExitCodes pointer | Exit codes that the rule is for.

definition io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes | Exit codes to compare with.
  operator 1 string! | How key and values are compared.
  values 2 []int32 list=set | Values to compare with.

definition io.k8s.api.core.v1.ContainerState | What a container does; one field is set.
  running 2 ContainerStateRunning pointer | Set while it runs.
  terminated 3 ContainerStateTerminated pointer | Set when it has ended.
  waiting 1 ContainerStateWaiting pointer | Set while it has not started.

definition io.k8s.api.core.v1.ContainerStateRunning | A running container.
  startedAt 1 time | When it started.

definition io.k8s.api.core.v1.ContainerStateTerminated | A container that has ended.
  containerID 7 string | Id with the runtime, such as docker://0123.
  exitCode 1 int32! | What the process returned.
  finishedAt 6 time | When it ended.
  message 4 string | The reason in a sentence, for people.
  reason 3 string | The reason in one word, for programs.
  signal 2 int32 | Signal that ended it.
  startedAt 5 time | When it started.

definition io.k8s.api.core.v1.ContainerStateWaiting | A container that has not started.
  message 2 string | The reason in a sentence, for people.
  reason 1 string | The reason in one word, for programs.

definition io.k8s.api.core.v1.ContainerStatus | What is known of one container.
  allocatedResources 10 {}quantity | What the node has set aside for it.
  allocatedResourcesStatus 14 []ResourceStatus list=map:name patch=merge:name | Health of the devices set aside for it.
  containerID 8 string | Id with the runtime, such as docker://0123.
  image 6 string! | Image that a container is started from.
  imageID 7 string! | Id of the image that runs.
  lastState 3 ContainerState default={} | How the run before this one ended.
  name 1 string! | Name of it.
  ready 4 bool! | True when it can serve.
  resources 11 ResourceRequirements pointer | Computing resources that it asks for and may use.
  restartCount 5 int32! | How often it was started again.
  started 9 bool pointer | True once the startup probe has succeeded.
  state 2 ContainerState default={} | What it does now.
  stopSignal 15 string enum=SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ pointer | Signal that ends the container.
  user 13 ContainerUser pointer | User to act as.
  volumeMounts 12 []VolumeMountStatus list=map:mountPath patch=merge:mountPath | Which volumes appear where in the file system.

definition io.k8s.api.core.v1.ContainerUser | The user of a container's first process.
  linux 1 LinuxContainerUser pointer | The user on Linux.

definition io.k8s.api.core.v1.EnvFromSource | A config map or secret whose keys become variables.
  configMapRef 2 ConfigMapEnvSource pointer | The config map.
  prefix 1 string | Put before every name.
  secretRef 3 SecretEnvSource pointer | Secret with the credentials.

definition io.k8s.api.core.v1.EnvVar | One environment variable.
  name 1 string! | Name of the variable.
  value 2 string | The value, with $(VAR) for variables named before.
  valueFrom 3 EnvVarSource pointer | Where the value is taken from.

definition io.k8s.api.core.v1.EnvVarSource | Where a variable's value is taken from; one field is set.
  configMapKeyRef 3 ConfigMapKeySelector pointer | Key of a config map.
  fieldRef 1 ObjectFieldSelector pointer | Field of the pod to take it from.
  fileKeyRef 5 FileKeySelector pointer | Key in a file of a volume.
  resourceFieldRef 2 ResourceFieldSelector pointer | Resource of a container to take it from.
  secretKeyRef 4 SecretKeySelector pointer | Key of a secret.

definition io.k8s.api.core.v1.EphemeralContainer | A container that was added to a running pod for debugging.
  args 1/4 []string list=atomic | Arguments of the command.
  command 1/3 []string list=atomic | Program and arguments, not run in a shell.
  env 1/7 []EnvVar list=map:name patch=merge:name | Environment variables.
  envFrom 1/19 []EnvFromSource list=atomic | Config maps and secrets whose every key becomes an environment variable.
  image 1/2 string | Image that a container is started from.
  imagePullPolicy 1/14 string enum=Always,IfNotPresent,Never | When the image is pulled.
  lifecycle 1/12 Lifecycle pointer | What runs right after the start and right before the end.
  livenessProbe 1/10 Probe pointer | A failing container is restarted.
  name 1/1 string! | Name of it.
  ports 1/6 []ContainerPort list=map:containerPort,protocol patch=merge:containerPort | The ports.
  readinessProbe 1/11 Probe pointer | A failing container gets no traffic.
  resizePolicy 1/23 []ContainerResizePolicy list=atomic | What a change of resources means for a running container.
  resources 1/8 ResourceRequirements default={} | Computing resources that it asks for and may use.
  restartPolicy 1/24 string pointer | When ended containers start again.
  restartPolicyRules 1/25 []ContainerRestartRule list=atomic | Exceptions from the restart policy, by exit code.
  securityContext 1/15 SecurityContext pointer | Users, groups and privileges.
  startupProbe 1/22 Probe pointer | The other probes wait until this one succeeds.
  stdin 1/16 bool | True to keep standard input open.
  stdinOnce 1/17 bool | True to close standard input after the first client has left.
  targetContainerName 2 string | Container whose processes it sees.
  terminationMessagePath 1/13 string default="/dev/termination-log" | File whose content becomes the reason of the end.
  terminationMessagePolicy 1/20 string enum=FallbackToLogsOnError,File default="File" | Where the reason of the end is taken from.
  tty 1/18 bool | True to give the container a terminal.
  volumeDevices 1/21 []VolumeDevice list=map:devicePath patch=merge:devicePath | Which volumes appear as block devices.
  volumeMounts 1/9 []VolumeMount list=map:mountPath patch=merge:mountPath | Which volumes appear where in the file system.
  workingDir 1/5 string | Directory in which the command starts.

definition io.k8s.api.core.v1.ExecAction | A command to run in a container.
  command 1 []string list=atomic | Program and arguments, not run in a shell.

definition io.k8s.api.core.v1.FileKeySelector atomic | One key in a file of a volume.
  key 3 string! | Key to look up.
  optional 4 bool pointer | True when it may be missing.
  path 2 string! | A path; what it is relative to depends on the source.
  volumeName 1 string! | Name of the volume.

definition io.k8s.api.core.v1.GRPCAction | A question to the gRPC health service.
  port 1 int32! | Number of the port, or its name.
  service 2 string default="" pointer | Service that is asked for its health.

definition io.k8s.api.core.v1.HTTPGetAction | An HTTP GET.
  host 3 string | Host name or address.
  httpHeaders 5 []HTTPHeader list=atomic | More headers.
  path 1 string default="/" | Path of the request.
  port 2 intOrString! | Number of the port, or its name.
  scheme 4 string enum=HTTP,HTTPS default="HTTP" | HTTP or HTTPS.

definition io.k8s.api.core.v1.HTTPHeader | One header.
  name 1 string! | Name of it.
  value 2 string! | The value.

definition io.k8s.api.core.v1.Lifecycle | What runs at a container's start and end.
  postStart 1 LifecycleHandler pointer | Runs right after the start.
  preStop 2 LifecycleHandler pointer | Runs before the end, within the grace period.
  stopSignal 3 string enum=SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ pointer | Signal that ends the container.

definition io.k8s.api.core.v1.LifecycleHandler | What to run; one field is set.
  exec 1 ExecAction pointer | Runs a command in the container.
  httpGet 2 HTTPGetAction pointer | Sends an HTTP GET.
  sleep 4 SleepAction pointer | Waits.
  tcpSocket 3 TCPSocketAction pointer | Opens a TCP connection.

definition io.k8s.api.core.v1.LinuxContainerUser | User and groups on Linux.
  gid 2 int64! | Id of the group.
  supplementalGroups 3 []int64 list=atomic | More groups of the first process.
  uid 1 int64! | Unique id of one object among all that ever had its name.

definition io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus | What a claim takes of a node's resources.
  containers 2 []string list=set | The containers.
  resourceClaimName 1 string! | Name of the resource claim.
  resources 3 {}quantity! | Computing resources that it asks for and may use.

definition io.k8s.api.core.v1.ObjectFieldSelector atomic | A field of the pod.
  apiVersion 1 string default="v1" | APIVersion defines group and version of the kind, such as apps/v1.
  fieldPath 2 string! | Path of the field.

definition io.k8s.api.core.v1.PodExtendedResourceClaimStatus | The claim made for extended resources.
  requestMappings 1 []ContainerExtendedResourceRequest! list=atomic | Which request stands for which resource.
  resourceClaimName 2 string! | Name of the resource claim.

definition io.k8s.api.core.v1.PodResourceClaim | A claim that containers may use.
  name 1 string! | Name of it.
  resourceClaimName 3 string pointer | Name of the resource claim.
  resourceClaimTemplateName 4 string pointer | Template of which a claim is made for the pod.

definition io.k8s.api.core.v1.PodResourceClaimStatus | The claim made for the pod.
  name 1 string! | Name of it.
  resourceClaimName 2 string pointer | Name of the resource claim.

definition io.k8s.api.core.v1.PodSecurityContext | Users, groups and privileges of all containers.
  appArmorProfile 11 AppArmorProfile pointer | AppArmor profile.
  fsGroup 5 int64 pointer | Group that owns the volumes.
  fsGroupChangePolicy 9 string enum=Always,OnRootMismatch pointer | When the volumes' owner is changed.
  runAsGroup 6 int64 pointer | Primary group of the first process.
  runAsNonRoot 3 bool pointer | True to refuse containers that would run as root.
  runAsUser 2 int64 pointer | User of the first process.
  seLinuxChangePolicy 13 string pointer | How volumes get their SELinux label.
  seLinuxOptions 1 SELinuxOptions pointer | SELinux labels.
  seccompProfile 10 SeccompProfile pointer | System calls that are allowed.
  supplementalGroups 4 []int64 list=atomic | More groups of the first process.
  supplementalGroupsPolicy 12 string enum=Merge,Strict pointer | Whether groups of the image count too.
  sysctls 7 []Sysctl list=atomic | Kernel settings.
  windowsOptions 8 WindowsSecurityContextOptions pointer | Settings for Windows.

definition io.k8s.api.core.v1.Probe | A check that is made again and again.
  exec 1/1 ExecAction pointer | Runs a command in the container.
  failureThreshold 6 int32 default=3 | Failures in a row that count.
  grpc 1/4 GRPCAction pointer | Asks the gRPC health service.
  httpGet 1/2 HTTPGetAction pointer | Sends an HTTP GET.
  initialDelaySeconds 2 int32 | Seconds from the start to the first probe.
  periodSeconds 4 int32 default=10 | Seconds between two probes.
  successThreshold 5 int32 default=1 | Successes in a row that count.
  tcpSocket 1/3 TCPSocketAction pointer | Opens a TCP connection.
  terminationGracePeriodSeconds 7 int64 pointer | Seconds between the polite and the hard end.
  timeoutSeconds 3 int32 default=1 | Seconds until it is given up.

definition io.k8s.api.core.v1.ResourceClaim as=CoreV1ResourceClaim | A claim that a container uses.
  name 1 string! | Name of it.
  request 2 string | Name of the request in the claim.

definition io.k8s.api.core.v1.ResourceFieldSelector atomic | A resource of a container.
  containerName 1 string | Name of the container.
  divisor 3 quantity default="0" | Unit in which the value is written.
  resource 2 string! | Name of the resource in the plural, such as pods.

definition io.k8s.api.core.v1.ResourceHealth | Health of one device.
  health 2 string | Healthy, Unhealthy or Unknown.
  message 6 string pointer | The reason in a sentence, for people.
  resourceID 1 string! | Id of the device.

definition io.k8s.api.core.v1.ResourceRequirements | What is set aside, and what is the most.
  claims 3 []CoreV1ResourceClaim list=map:name | Claims that the container uses.
  limits 1 {}quantity | The most it may use.
  requests 2 {}quantity | What is set aside for it.

definition io.k8s.api.core.v1.ResourceStatus | Health of the devices of one resource.
  name 1 string! | Name of it.
  resources 2 []ResourceHealth list=map:resourceID | Computing resources that it asks for and may use.

definition io.k8s.api.core.v1.SELinuxOptions | SELinux labels.
  level 4 string | SELinux level.
  role 2 string | SELinux role.
  type 3 string | Which sort it is.
  user 1 string | User to act as.

definition io.k8s.api.core.v1.SeccompProfile | System calls that are allowed.
  localhostProfile 2 string pointer | Path of the profile on the node.
  type 1 string! enum=Localhost,RuntimeDefault,Unconfined | Which sort it is.

definition io.k8s.api.core.v1.SecretEnvSource | A secret whose keys become variables.
  name 1/1 string | Name of it.
  optional 2 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.SecretKeySelector atomic | One key of a secret.
  key 2 string! | Key to look up.
  name 1/1 string | Name of it.
  optional 3 bool pointer | True when it may be missing.

definition io.k8s.api.core.v1.SecurityContext | Users, groups and privileges of one container.
  allowPrivilegeEscalation 7 bool pointer | False to let no process gain more rights than its parent.
  appArmorProfile 12 AppArmorProfile pointer | AppArmor profile.
  capabilities 1 Capabilities pointer | Linux capabilities.
  privileged 2 bool pointer | True for all rights of the node's root.
  procMount 9 string enum=Default,Unmasked pointer | How /proc is masked.
  readOnlyRootFilesystem 6 bool pointer | True to forbid writes outside volumes.
  runAsGroup 8 int64 pointer | Primary group of the first process.
  runAsNonRoot 5 bool pointer | True to refuse containers that would run as root.
  runAsUser 4 int64 pointer | User of the first process.
  seLinuxOptions 3 SELinuxOptions pointer | SELinux labels.
  seccompProfile 11 SeccompProfile pointer | System calls that are allowed.
  windowsOptions 10 WindowsSecurityContextOptions pointer | Settings for Windows.

definition io.k8s.api.core.v1.SleepAction | A wait.
  seconds 1 int64! | How many seconds.

definition io.k8s.api.core.v1.TCPSocketAction | A TCP connection.
  host 2 string | Host name or address.
  port 1 intOrString! | Number of the port, or its name.

definition io.k8s.api.core.v1.WindowsSecurityContextOptions | Settings for Windows.
  gmsaCredentialSpec 2 string pointer | The credential spec itself.
  gmsaCredentialSpecName 1 string pointer | Name of the credential spec.
  hostProcess 4 bool pointer | True to run as a process of the host.
  runAsUserName 3 string pointer | User of the first process.
`
