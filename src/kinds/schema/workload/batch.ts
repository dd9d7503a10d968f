/** Jobs and cron jobs. The form of a line is explained in ../../schema.ts. */
export const batchTable = `
definition io.k8s.api.batch.v1.CronJob gvk=batch/v1/CronJob | Makes jobs at set times.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 CronJobSpec! | What is wanted.
  status 3 CronJobStatus | What is observed; controllers write it.

definition io.k8s.api.batch.v1.CronJobList gvk=batch/v1/CronJobList | A page of CronJob objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []CronJob! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.batch.v1.CronJobSpec | When jobs are made, and what they look like.
  concurrencyPolicy 3 string enum=Allow,Forbid,Replace default="Allow" | Allow, Forbid, or Replace the job that still runs.
  failedJobsHistoryLimit 7 int32 default=1 pointer | How many failed jobs are kept.
  jobTemplate 5 JobTemplateSpec! | What new jobs look like.
  schedule 1 string! | When, in the form of cron.
  startingDeadlineSeconds 2 int64 pointer | Seconds a job may come late; later it is left out.
  successfulJobsHistoryLimit 6 int32 default=3 pointer | How many finished jobs are kept.
  suspend 4 bool default=false pointer | True to make no more jobs for now.
  timeZone 8 string pointer | Time zone of the schedule, such as Europe/Berlin.

definition io.k8s.api.batch.v1.CronJobStatus | What a cron job has made.
  active 1 []ObjectReference list=atomic | Jobs that still run.
  lastScheduleTime 4 time pointer | When the last job was made.
  lastSuccessfulTime 5 time pointer | When the last job finished well.

definition io.k8s.api.batch.v1.Job gvk=batch/v1/Job | Runs pods until enough of them finished well.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 JobSpec | What is wanted.
  status 3 JobStatus | What is observed; controllers write it.

definition io.k8s.api.batch.v1.JobCondition | One observation of a job.
  lastProbeTime 3 time | When it was last checked.
  lastTransitionTime 4 time | When the status last changed.
  message 6 string | The reason in a sentence, for people.
  reason 5 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.batch.v1.JobList gvk=batch/v1/JobList | A page of Job objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Job! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.batch.v1.JobSpec | What a job runs, how often and how long.
  activeDeadlineSeconds 3 int64 pointer | Seconds the job may run before it is ended.
  backoffLimit 7 int32 pointer | Failures until the job fails.
  backoffLimitPerIndex 12 int32 pointer | Failures of one index until that index fails.
  completionMode 9 string enum=Indexed,NonIndexed pointer | NonIndexed, or Indexed to give every pod a number.
  completions 2 int32 pointer | How many pods must finish well.
  managedBy 15 string pointer | Controller that runs the job; empty for the usual one.
  manualSelector 5 bool pointer | True when the writer chose selector and labels.
  maxFailedIndexes 13 int32 pointer | Failed indexes until the job fails.
  parallelism 1 int32 pointer | The most pods at a time.
  podFailurePolicy 11 PodFailurePolicy pointer | Which failures count how.
  podReplacementPolicy 14 string enum=Failed,TerminatingOrFailed pointer | When a pod that ends is replaced: TerminatingOrFailed, or Failed.
  selector 4 LabelSelector pointer | Which pods belong to it; made by the server.
  successPolicy 16 SuccessPolicy pointer | When the job is done before all indexes are.
  suspend 10 bool pointer | True to run nothing for now.
  template 6 PodTemplateSpec! | What its pods look like.
  ttlSecondsAfterFinished 8 int32 pointer | Seconds a finished job stays.

definition io.k8s.api.batch.v1.JobStatus | How far a job has come.
  active 4 int32 | Pods that run or wait.
  completedIndexes 7 string | Indexes that finished well, such as 1,3-5.
  completionTime 3 time pointer | When it finished well.
  conditions 1 []JobCondition list=atomic patch=merge:type | Latest observations, one a type.
  failed 6 int32 | Pods that failed.
  failedIndexes 10 string pointer | Indexes that failed, such as 1,3-5.
  ready 9 int32 pointer | Pods that are ready.
  startTime 2 time pointer | When it was started, or started again.
  succeeded 5 int32 | Pods that finished well.
  terminating 11 int32 pointer | Pods that are being deleted.
  uncountedTerminatedPods 8 UncountedTerminatedPods pointer | Ended pods that the counts do not hold yet.

definition io.k8s.api.batch.v1.JobTemplateSpec | What the jobs of a cron job look like.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 JobSpec | What is wanted.

definition io.k8s.api.batch.v1.PodFailurePolicy | Which failures of pods count how.
  rules 1 []PodFailurePolicyRule! list=atomic | The rules; the first that matches holds.

definition io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement | A condition on exit codes.
  containerName 1 string pointer | Name of the container; empty for any.
  operator 2 string! enum=In,NotIn | In or NotIn.
  values 3 []int32! list=set | The exit codes.

definition io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern | A condition of a pod.
  status 2 string default="True" | True, False or Unknown.
  type 1 string! | Type of the condition.

definition io.k8s.api.batch.v1.PodFailurePolicyRule | What a sort of failure leads to.
  action 1 string! enum=Count,FailIndex,FailJob,Ignore | FailJob, FailIndex, Ignore or Count.
  onExitCodes 2 PodFailurePolicyOnExitCodesRequirement pointer | Exit codes that it is about.
  onPodConditions 3 []PodFailurePolicyOnPodConditionsPattern list=atomic | Conditions of the pod that it is about.

definition io.k8s.api.batch.v1.SuccessPolicy | When an indexed job is done early.
  rules 1 []SuccessPolicyRule! list=atomic | The rules; one that holds is enough.

definition io.k8s.api.batch.v1.SuccessPolicyRule | Which indexes must finish well.
  succeededCount 2 int32 pointer | How many of them.
  succeededIndexes 1 string pointer | Which of them, such as 0,2-4.

definition io.k8s.api.batch.v1.UncountedTerminatedPods | Ended pods that the counts do not hold yet.
  failed 2 []string list=set | Ids of those that failed.
  succeeded 1 []string list=set | Ids of those that finished well.
`
