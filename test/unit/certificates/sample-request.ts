/** PKCS#10, CN=e2e, an Ed25519 key that nobody has any more; the signature holds. */
const samplePem = `-----BEGIN CERTIFICATE REQUEST-----
MIGNMEECAQAwDjEMMAoGA1UEAwwDZTJlMCowBQYDK2VwAyEArsseNgno/Vi/s34p
rzFEEgGil59nEI9FmJOyz9KAlgKgADAFBgMrZXADQQC8ABwYPdw53ZObpnJLylRQ
GqtQLOMqmuCWtJLITjiZ14BcjRGybSsFWwDx9q8L0/xo2b+Lx2UW26q3hRXkuUAA
-----END CERTIFICATE REQUEST-----
`

/** As it stands in `spec.request`. */
export const sampleRequest = Buffer.from(samplePem).toString('base64')
