package cms

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"time"
)

// VerifyOptions says whose signatures count.
type VerifyOptions struct {
	// Certificates are those of possible signers, whom the caller trusts: the
	// partner's present and former ones.
	Certificates []*x509.Certificate

	// Embedded decides whether a certificate that came in the package may vouch
	// for it, where none of Certificates is the signer's; others are the rest of
	// the package's certificates, perhaps of its issuers. Nil means no: anybody
	// can put a certificate into a package.
	Embedded func(signer *x509.Certificate, others []*x509.Certificate) error

	// Content is what a detached signature is about. It is read to its end, and
	// not at all when the package has content of its own.
	Content io.Reader
}

// A Signature is what one signer has signed.
type Signature struct {
	// Certificate is the signer's, nil when it is not known or not accepted.
	Certificate *x509.Certificate

	// Embedded tells that the certificate came in the package.
	Embedded bool

	// Digest is what the signature was made with.
	Digest crypto.Hash

	// Time is when the signer says to have signed, zero when he does not.
	Time time.Time

	// Err is nil when the signature holds.
	Err error
}

// A Verifier returns signed content. Only its io.EOF says that the signature
// holds. It may be used by one goroutine.
type Verifier struct {
	reader
	p          *Package
	o          VerifyOptions
	check      *checker
	signatures []Signature
}

// signedHead reads RFC 5652, section 5.1, up to the content.
func (p *Package) signedHead() error {
	if err := p.s.each(idSet, maxSigners, p.readDigest); err != nil {
		return err
	}
	has, err := p.innerHead()
	p.Detached = !has
	return err
}

// readDigest reads a digest algorithm. One that is not known may belong to a
// signer who is not known either, and is no error yet.
func (p *Package) readDigest(byte) error {
	der, err := p.s.element()
	if err != nil {
		return err
	}
	var algorithm pkix.AlgorithmIdentifier
	if err := unmarshal(der, &algorithm); err != nil {
		return err
	}
	if d, ok := digestNamed(algorithm.Algorithm); ok {
		p.digests = append(p.digests, d.hash)
	}
	return nil
}

// Verify returns the content of SignedData, or that of o for a detached
// signature, while computing its digest. Read returns io.EOF when at least one
// signature is by a known signer and no signature by a known one is wrong: a
// file may be signed with an old and a new certificate (RFC 5024, section 6.2).
// Otherwise the error is [BadSignature], [UnknownSigner] or another reason.
//
// Whether the signer's certificate is valid, and for this use, is for the caller
// to find out.
func (p *Package) Verify(o VerifyOptions) (*Verifier, error) {
	if err := p.claim(SignedData); err != nil {
		return nil, err
	}
	v := &Verifier{p: p, o: o, check: newChecker(p.inner, p.digests)}
	from, outside := o.Content, 1 // EncapsulatedContentInfo, and an explicit tag around content
	switch {
	case !p.Detached:
		c, err := openContent(p.s, idOctetString)
		if err != nil {
			return nil, err
		}
		from, outside = c, 2
	case from == nil:
		return nil, fail(Unsupported, "the signature is detached, and what it signs was not given")
	}
	v.r = io.TeeReader(from, v.check)
	v.finish = func() error { return v.end(outside) }
	return v, nil
}

// Signatures returns who has signed, in the order of the package. It is empty
// until Read has come to the end of the content.
func (v *Verifier) Signatures() []Signature { return v.signatures }

// end reads what follows the content, which has been in so many elements of its own.
func (v *Verifier) end(outside int) error {
	s := v.p.s
	if err := s.leave(outside); err != nil {
		return err
	}
	t := trailer{s: s}
	if err := t.read(); err != nil {
		return err
	}
	if err := s.leave(3); err != nil {
		return err
	}
	if err := s.drain(); err != nil {
		return err
	}
	for _, info := range t.signers {
		v.signatures = append(v.signatures, v.verify(info, t.certificates))
	}
	return verdict(v.signatures)
}

// verdict is the error of all signatures together.
func verdict(signatures []Signature) error {
	var unknown error
	known := false
	for _, s := range signatures {
		switch {
		case s.Err == nil:
			known = true
		case ReasonOf(s.Err) == BadSignature:
			return s.Err
		case unknown == nil:
			unknown = s.Err
		}
	}
	switch {
	case known:
		return nil
	case unknown != nil:
		return unknown
	}
	return fail(UnknownSigner, "the package is of a type for signatures and has none")
}

// verify checks one signature against the certificates of its signer.
func (v *Verifier) verify(info signerInfo, embedded []*x509.Certificate) Signature {
	claim, err := parseClaim(info)
	s := Signature{Digest: claim.digest.hash, Time: claim.time, Err: err}
	if err != nil {
		return s
	}
	for _, cert := range v.o.Certificates {
		if !claim.signer.names(cert) {
			continue
		}
		s.Certificate = cert
		if s.Err = v.check.claim(claim, cert.PublicKey); s.Err == nil {
			return s
		}
	}
	if s.Certificate != nil {
		return s
	}
	if s.Certificate, s.Err = v.accept(claim, embedded); s.Err != nil {
		return s
	}
	s.Embedded, s.Err = true, v.check.claim(claim, s.Certificate.PublicKey)
	return s
}

// accept finds the signer among the certificates of the package.
func (v *Verifier) accept(c claim, embedded []*x509.Certificate) (*x509.Certificate, error) {
	for i, cert := range embedded {
		if !c.signer.names(cert) {
			continue
		}
		if v.o.Embedded == nil {
			return nil, fail(UnknownSigner, "the signer %v, serial number %v, is known from the package only", cert.Subject, cert.SerialNumber)
		}
		others := append(append([]*x509.Certificate{}, embedded[:i]...), embedded[i+1:]...)
		if err := v.o.Embedded(cert, others); err != nil {
			return nil, fail(UnknownSigner, "the signer %v, serial number %v, is not accepted: %w", cert.Subject, cert.SerialNumber, err)
		}
		return cert, nil
	}
	return nil, fail(UnknownSigner, "the certificate of the signer %v is not known", c.signer)
}
