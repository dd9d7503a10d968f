/** Requests for certificates. The form of a line is explained in ../../schema.ts. */
export const certificatesTable = `
definition io.k8s.api.certificates.v1.CertificateSigningRequest gvk=certificates.k8s.io/v1/CertificateSigningRequest | Asks a signer for a certificate.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  spec 2 CertificateSigningRequestSpec! | What is wanted.
  status 3 CertificateSigningRequestStatus | What is observed; controllers write it.

definition io.k8s.api.certificates.v1.CertificateSigningRequestCondition | Approved, Denied or Failed, and why.
  lastTransitionTime 5 time | When the status last changed.
  lastUpdateTime 4 time | When the condition was last written.
  message 3 string | The reason in a sentence, for people.
  reason 2 string | The reason in one word, for programs.
  status 6 string! default="True" | True, as long as the condition is there.
  type 1 string! | Approved, Denied or Failed.

definition io.k8s.api.certificates.v1.CertificateSigningRequestList gvk=certificates.k8s.io/v1/CertificateSigningRequestList | A page of CertificateSigningRequest objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []CertificateSigningRequest! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.certificates.v1.CertificateSigningRequestSpec | What is to be signed, by whom, and who asked.
  expirationSeconds 8 int32 pointer | For how many seconds the certificate should be good; the signer may shorten it.
  extra 6 {}[]string | More about who asked; the server writes it.
  groups 4 []string list=atomic | Groups of who asked; the server writes them.
  request 1 bytes! | PKCS#10 request in PEM.
  signerName 7 string! | Name of the signer.
  uid 3 string | Id of who asked; the server writes it.
  usages 5 []string list=atomic | What the key may be used for.
  username 2 string | Who asked; the server writes it.

definition io.k8s.api.certificates.v1.CertificateSigningRequestStatus | The decision and the certificate.
  certificate 2 bytes | Certificate chain in PEM, once it is signed.
  conditions 1 []CertificateSigningRequestCondition list=map:type | Latest observations, one a type.
`
