/** Endpoints. The form of a line is explained in ../../schema.ts. */
export const endpointsTable = `
definition io.k8s.api.core.v1.EndpointAddress atomic | An address that a service leads to.
  hostname 3 string | Host name of the pod.
  ip 1 string! | IP address.
  nodeName 4 string pointer | Name of the node.
  targetRef 2 ObjectReference pointer | The pod behind it.

definition io.k8s.api.core.v1.EndpointPort as=CoreV1EndpointPort atomic | A port that a service leads to.
  appProtocol 4 string pointer | Protocol that is spoken on the port.
  name 1 string | Name of the port, as the service has it.
  port 2 int32! | Number of the port.
  protocol 3 string enum=SCTP,TCP,UDP default="TCP" | TCP, UDP or SCTP.

definition io.k8s.api.core.v1.EndpointSubset | Addresses with the same ports.
  addresses 1 []EndpointAddress list=atomic | Addresses that can serve.
  notReadyAddresses 2 []EndpointAddress list=atomic | Addresses that can not serve now.
  ports 3 []CoreV1EndpointPort list=atomic | Ports of every address.

definition io.k8s.api.core.v1.Endpoints gvk=/v1/Endpoints | Where a service leads to; EndpointSlice is the newer form.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  subsets 2 []EndpointSubset list=atomic | Addresses, grouped by their ports.

definition io.k8s.api.core.v1.EndpointsList gvk=/v1/EndpointsList | A page of Endpoints objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []Endpoints! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.
`
