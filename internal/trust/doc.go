// Package trust says whom to believe: it reads the CA certificates that a
// gateway trusts, and finds out whether a certificate has been revoked.
//
// [Importer] reads what the setting TrustedCertsData points at. [Checker] asks
// CRLs (RFC 5280) and OCSP responders (RFC 6960) and remembers what they said.
// [Validator] puts both together for the methods ValidateCert and
// ValidateRecipientCert.
//
// # Who chooses the URLs
//
// A certificate that a stranger shows says itself where its CRL and its
// responder are. Every request is a request to a host of the stranger's choice
// until a trusted CA has vouched for the certificate. So the caller verifies
// first and asks a [Checker] afterwards, with the chain that
// [x509.Certificate.Verify] returned; the Checker itself only makes sure that
// each certificate was signed by the issuer it was given with.
// [Checker.Allow] narrows the hosts down further, also those that a redirect
// leads to. Only http and https are spoken, and size, time, redirects and the
// number of URLs of a certificate are bounded.
//
// # What is not believed
//
// A CRL counts when the issuer of the certificate has signed it itself, and is
// complete. Delta CRLs, indirect CRLs, CRLs for some reasons only, and CRLs
// with a critical extension that is unknown here are refused by name. Signatures
// with SHA-1 are refused on CRLs and OCSP answers as crypto/x509 refuses them
// on certificates.
//
// No nonce goes into OCSP requests: answers are remembered until their next
// update anyway, which is as long as an old one could be played back.
package trust
