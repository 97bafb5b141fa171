package cms

import "crypto"

// KeyTransport is how a content key is encrypted for a recipient.
type KeyTransport int

// The key transports, both with RSA keys.
const (
	TransportPKCS1v15 KeyTransport = iota // RFC 3370, section 4.2.1
	TransportOAEP                         // RFC 3560; hash and mask by the digest of the suite
)

// SignatureScheme is how RSA keys sign. Other keys have one way only.
type SignatureScheme int

// The signature schemes.
const (
	SignPKCS1v15 SignatureScheme = iota // RFC 3370, section 3.2
	SignPSS                             // RFC 4056; the salt is as long as the digest
)

// A Suite is a cipher suite of OFTP 2.0: the algorithms that one number stands
// for (RFC 5024, section 10.2).
type Suite struct {
	// Number is that of SFIDCIPH.
	Number int

	// Digest is what signatures and receipts are made with.
	Digest crypto.Hash

	// Cipher encrypts the content.
	Cipher Cipher

	// Transport encrypts the key of the content.
	Transport KeyTransport

	// Signature is for RSA keys. ECDSA keys sign as such.
	Signature SignatureScheme

	// Experimental marks suites that are known from one implementation and no
	// document: agree on them with the partner.
	Experimental bool
}

// suites are 01 and 02 of RFC 5024, 03 to 06 of Odette's list of cipher suites
// (2015), and what one implementation adds to them.
var suites = []Suite{
	{Number: 1, Digest: crypto.SHA1, Cipher: TripleDES},
	{Number: 2, Digest: crypto.SHA1, Cipher: AES256},
	{Number: 3, Digest: crypto.SHA256, Cipher: TripleDES},
	{Number: 4, Digest: crypto.SHA256, Cipher: AES256},
	{Number: 5, Digest: crypto.SHA512, Cipher: TripleDES},
	{Number: 6, Digest: crypto.SHA512, Cipher: AES256},
	{Number: 7, Digest: crypto.SHA3_512, Cipher: AES256, Experimental: true},
	{Number: 8, Digest: crypto.SHA256, Cipher: AES256, Transport: TransportOAEP, Signature: SignPSS, Experimental: true},
	{Number: 9, Digest: crypto.SHA512, Cipher: AES256, Transport: TransportOAEP, Signature: SignPSS, Experimental: true},
	{Number: 10, Digest: crypto.SHA3_512, Cipher: AES256, Transport: TransportOAEP, Signature: SignPSS, Experimental: true},
}

// SuiteByNumber returns the cipher suite of a number, 1 to 10. Number 0 is no
// suite: nothing is signed or encrypted then.
func SuiteByNumber(number int) (Suite, bool) {
	if number < 1 || number > len(suites) {
		return Suite{}, false
	}
	return suites[number-1], true
}
