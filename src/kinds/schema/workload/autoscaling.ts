/** Horizontal pod autoscalers of both versions. The form of a line is explained in ../../schema.ts. */
export const autoscalingTable = `
definition io.k8s.api.autoscaling.v1.CrossVersionObjectReference as=AutoscalingV1CrossVersionObjectReference atomic | An object, by kind and name.
  apiVersion 3 string | APIVersion defines group and version of the kind, such as apps/v1.
  kind 1 string! | Name of the kind in camel case, such as Pod.
  name 2 string! | Name of it.

definition io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler as=AutoscalingV1HorizontalPodAutoscaler gvk=autoscaling/v1/HorizontalPodAutoscaler | Changes the number of pods with the load.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 AutoscalingV1HorizontalPodAutoscalerSpec! | What is wanted.
  status 3 AutoscalingV1HorizontalPodAutoscalerStatus | What is observed; controllers write it.

definition io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerList as=AutoscalingV1HorizontalPodAutoscalerList gvk=autoscaling/v1/HorizontalPodAutoscalerList | A page of HorizontalPodAutoscaler objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []AutoscalingV1HorizontalPodAutoscaler! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec as=AutoscalingV1HorizontalPodAutoscalerSpec | What is scaled, between which bounds.
  maxReplicas 3 int32! | The most pods.
  minReplicas 2 int32 default=1 pointer | The fewest pods.
  scaleTargetRef 1 AutoscalingV1CrossVersionObjectReference! | What is scaled.
  targetCPUUtilizationPercentage 4 int32 pointer | Mean CPU use to reach, in percent of what pods request.

definition io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus as=AutoscalingV1HorizontalPodAutoscalerStatus | What an autoscaler sees and wants.
  currentCPUUtilizationPercentage 5 int32 pointer | Mean CPU use now, in percent of what pods request.
  currentReplicas 3 int32! | How many pods there are.
  desiredReplicas 4 int32! | How many pods the autoscaler wants.
  lastScaleTime 2 time pointer | When the number of pods was last changed.
  observedGeneration 1 int64 pointer | Generation of the spec that the status speaks of.

definition io.k8s.api.autoscaling.v2.ContainerResourceMetricSource | A resource of one container, and the value to reach.
  container 3 string! | Name of the container whose use counts.
  name 1 string! | Name of the resource.
  target 2 MetricTarget! | The value to reach.

definition io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus | How much one container uses of a resource.
  container 3 string! | Name of the container whose use counts.
  current 2 MetricValueStatus! | The value now.
  name 1 string! | Name of the resource.

definition io.k8s.api.autoscaling.v2.CrossVersionObjectReference | An object, by kind and name.
  apiVersion 3 string | APIVersion defines group and version of the kind, such as apps/v1.
  kind 1 string! | Name of the kind in camel case, such as Pod.
  name 2 string! | Name of it.

definition io.k8s.api.autoscaling.v2.ExternalMetricSource | A metric from outside, and the value to reach.
  metric 1 MetricIdentifier! | Which metric.
  target 2 MetricTarget! | The value to reach.

definition io.k8s.api.autoscaling.v2.ExternalMetricStatus | The value of a metric from outside.
  current 2 MetricValueStatus! | The value now.
  metric 1 MetricIdentifier! | Which metric.

definition io.k8s.api.autoscaling.v2.HPAScalingPolicy | How fast scaling may go.
  periodSeconds 3 int32! | Length of the time that the limit is about.
  type 1 string! | Pods, or Percent.
  value 2 int32! | How many pods, or percent of them, may change in that time.

definition io.k8s.api.autoscaling.v2.HPAScalingRules | How scaling in one direction goes.
  policies 2 []HPAScalingPolicy list=atomic | Limits of the speed.
  selectPolicy 1 string pointer | Max or Min of the limits, or Disabled.
  stabilizationWindowSeconds 3 int32 pointer | Seconds of past wishes that are looked at before it acts.
  tolerance 4 quantity pointer | How far the metric may stray before anything happens, such as 0.1.

definition io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler gvk=autoscaling/v2/HorizontalPodAutoscaler | Changes the number of pods with the load.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 HorizontalPodAutoscalerSpec! | What is wanted.
  status 3 HorizontalPodAutoscalerStatus | What is observed; controllers write it.

definition io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior | How scaling goes.
  scaleDown 2 HPAScalingRules pointer | How it goes down.
  scaleUp 1 HPAScalingRules pointer | How it goes up.

definition io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition | One observation of an autoscaler.
  lastTransitionTime 3 time | When the status last changed.
  message 5 string | The reason in a sentence, for people.
  reason 4 string | The reason in one word, for programs.
  status 2 string! | True, False or Unknown.
  type 1 string! | Which sort it is.

definition io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerList gvk=autoscaling/v2/HorizontalPodAutoscalerList | A page of HorizontalPodAutoscaler objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []HorizontalPodAutoscaler! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec | What is scaled, between which bounds, by which metrics.
  behavior 5 HorizontalPodAutoscalerBehavior pointer | How fast it goes up and down.
  maxReplicas 3 int32! | The most pods.
  metrics 4 []MetricSpec list=atomic | Metrics to look at; the one that wants most pods wins.
  minReplicas 2 int32 default=1 pointer | The fewest pods.
  scaleTargetRef 1 CrossVersionObjectReference! | What is scaled.

definition io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus | What an autoscaler sees and wants.
  conditions 6 []HorizontalPodAutoscalerCondition list=map:type patch=merge:type | Latest observations, one a type.
  currentMetrics 5 []MetricStatus list=atomic | The metrics now.
  currentReplicas 3 int32 | How many pods there are.
  desiredReplicas 4 int32! | How many pods the autoscaler wants.
  lastScaleTime 2 time pointer | When the number of pods was last changed.
  observedGeneration 1 int64 pointer | Generation of the spec that the status speaks of.

definition io.k8s.api.autoscaling.v2.MetricIdentifier | A metric, by name and labels.
  name 1 string! | Name of the metric.
  selector 2 LabelSelector pointer | Labels of the metric.

definition io.k8s.api.autoscaling.v2.MetricSpec | One metric to scale by.
  containerResource 7 ContainerResourceMetricSource pointer | A resource that one container of each pod uses.
  external 5 ExternalMetricSource pointer | A metric that belongs to no object of the cluster.
  object 2 ObjectMetricSource pointer | A metric of one object.
  pods 3 PodsMetricSource pointer | A metric of every pod, as a mean.
  resource 4 ResourceMetricSource pointer | A resource that the pods use.
  type 1 string! | Object, Pods, Resource, ContainerResource or External.

definition io.k8s.api.autoscaling.v2.MetricStatus | One metric as it is now.
  containerResource 7 ContainerResourceMetricStatus pointer | A resource that one container of each pod uses.
  external 5 ExternalMetricStatus pointer | A metric that belongs to no object of the cluster.
  object 2 ObjectMetricStatus pointer | A metric of one object.
  pods 3 PodsMetricStatus pointer | A metric of every pod, as a mean.
  resource 4 ResourceMetricStatus pointer | A resource that the pods use.
  type 1 string! | Object, Pods, Resource, ContainerResource or External.

definition io.k8s.api.autoscaling.v2.MetricTarget | The value that a metric should have.
  averageUtilization 4 int32 pointer | Mean over all pods, in percent of what they request.
  averageValue 3 quantity pointer | Mean over all pods.
  type 1 string! | Utilization, Value or AverageValue.
  value 2 quantity pointer | The value to reach.

definition io.k8s.api.autoscaling.v2.MetricValueStatus | The value that a metric has.
  averageUtilization 3 int32 pointer | Mean over all pods, in percent of what they request.
  averageValue 2 quantity pointer | Mean over all pods.
  value 1 quantity pointer | The value now.

definition io.k8s.api.autoscaling.v2.ObjectMetricSource | A metric of one object, and the value to reach.
  describedObject 1 CrossVersionObjectReference! | Object that the metric describes.
  metric 3 MetricIdentifier! | Which metric.
  target 2 MetricTarget! | The value to reach.

definition io.k8s.api.autoscaling.v2.ObjectMetricStatus | The value of a metric of one object.
  current 2 MetricValueStatus! | The value now.
  describedObject 3 CrossVersionObjectReference! | Object that the metric describes.
  metric 1 MetricIdentifier! | Which metric.

definition io.k8s.api.autoscaling.v2.PodsMetricSource | A metric of every pod, and the mean to reach.
  metric 1 MetricIdentifier! | Which metric.
  target 2 MetricTarget! | The value to reach.

definition io.k8s.api.autoscaling.v2.PodsMetricStatus | The mean of a metric of every pod.
  current 2 MetricValueStatus! | The value now.
  metric 1 MetricIdentifier! | Which metric.

definition io.k8s.api.autoscaling.v2.ResourceMetricSource | A resource of the pods, and the value to reach.
  name 1 string! | Name of the resource.
  target 2 MetricTarget! | The value to reach.

definition io.k8s.api.autoscaling.v2.ResourceMetricStatus | How much pods use of a resource.
  current 2 MetricValueStatus! | The value now.
  name 1 string! | Name of the resource.
`
