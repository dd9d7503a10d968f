"""What programs do with the Python client of Kubernetes, unmodified: argument 1 is the kubeconfig.

Prints one line a step; ends with a traceback and exit code 1 at the first surprise.
"""
import sys
import threading

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic import DynamicClient

namespace = "python"
config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
apps = client.AppsV1Api()
step = lambda name: print(name, flush=True)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(call, status, reason):
    try:
        call()
    except ApiException as refusal:
        expect(refusal.status == status, f"{refusal.status} is not {status}: {refusal.body}")
        expect(reason in refusal.body, f"{reason} is not in {refusal.body}")
        return
    raise AssertionError(f"{reason} was expected, nothing was refused")


version = client.VersionApi().get_code()
expect(version.major == "1" and version.git_version.startswith("v1."), version)
step("version")

core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))
labels = {"app": "web"}
container = client.V1Container(name="web", image="kijabi/web:1")
template = client.V1PodTemplateSpec(
    metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[container])
)
spec = client.V1DeploymentSpec(
    replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template
)
deployment = client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
apps.create_namespaced_deployment(namespace, deployment)
for event in watch.Watch().stream(
    apps.list_namespaced_deployment, namespace, timeout_seconds=60
):
    if event["object"].status.available_replicas == 2:
        break
else:
    raise AssertionError("the deployment never had two available replicas")
step("create and watch a deployment")

pods = core.list_namespaced_pod(namespace, label_selector="app=web")
expect(len(pods.items) == 2, pods)
expect(all(pod.status.phase == "Running" for pod in pods.items), pods)
page = core.list_namespaced_pod(namespace, limit=1)
rest = core.list_namespaced_pod(namespace, limit=1, _continue=page.metadata._continue)
expect(page.items[0].metadata.name != rest.items[0].metadata.name, "the second page is the first")
step("list by label and in pages")

scale = apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
expect(scale.spec.replicas == 3, scale)
apps.patch_namespaced_deployment("web", namespace, {"metadata": {"labels": {"tier": "front"}}})
found = apps.list_deployment_for_all_namespaces(label_selector="tier=front")
expect([one.metadata.name for one in found.items] == ["web"], found)
step("patch")

config_map = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="settings"), data={"a": "1"})
created = core.create_namespaced_config_map(namespace, config_map)
refused(lambda: core.create_namespaced_config_map(namespace, config_map), 409, "AlreadyExists")
core.patch_namespaced_config_map("settings", namespace, {"data": {"a": "2"}})
refused(
    lambda: core.replace_namespaced_config_map("settings", namespace, created), 409, "Conflict"
)
refused(lambda: core.read_namespaced_config_map("nowhere", namespace), 404, "NotFound")
bad = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="Not A Name"))
refused(lambda: core.create_namespaced_config_map(namespace, bad), 422, "Invalid")
step("refusals")

seen = []


def follow():
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_config_map, namespace, label_selector="seen=yes", timeout_seconds=30
    ):
        seen.append((event["type"], event["object"].metadata.name))
        if event["type"] == "DELETED":
            stream.stop()


follower = threading.Thread(target=follow)
follower.start()
metadata = client.V1ObjectMeta(name="followed", labels={"seen": "yes"})
core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
core.patch_namespaced_config_map("followed", namespace, {"data": {"a": "b"}})
core.delete_namespaced_config_map("followed", namespace)
follower.join()
# The watch may have begun after the first of them.
expect(seen == [] or seen[-1] == ("DELETED", "followed"), seen)
step("follow")

dynamic = DynamicClient(client.ApiClient())
services = dynamic.resources.get(api_version="v1", kind="Service")
body = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
}
made = services.create(body=body, namespace=namespace)
expect(made.spec.clusterIP, made)
found = services.get(name="web", namespace=namespace)
expect(found.spec.ports[0].targetPort == 8080, found)
step("the dynamic client")

core.delete_namespace(namespace)
for event in watch.Watch().stream(core.list_namespace, timeout_seconds=60):
    if event["type"] == "DELETED" and event["object"].metadata.name == namespace:
        break
else:
    raise AssertionError("the namespace never went away")
step("delete a namespace")
