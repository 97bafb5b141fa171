package cms

import (
	"crypto"
	"crypto/x509"
	"io"
	"time"
)

// A Signer is a certificate with its private key, which may be in a device.
type Signer struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// SignOptions says who signs, and how.
type SignOptions struct {
	// Suite has the digest, and the scheme of RSA keys.
	Suite Suite

	// Signers sign, each the same content. RSA and ECDSA keys can.
	Signers []Signer

	// Certificates are put into the package. RFC 5024, section 6.2, advises to
	// have none there, as the partner knows them.
	Certificates []*x509.Certificate

	// Detached leaves the content out of the package.
	Detached bool

	// Definite writes DER, for peers that cannot read indefinite lengths. Size
	// is then the number of octets of the content, and the keys are RSA: other
	// signatures have a length that is not known before. Detached signatures
	// are always DER.
	Definite bool
	Size     int64

	// Time is the signing time in the package; zero is now.
	Time time.Time
}

// Sign writes SignedData (RFC 5652, section 5) to w: what is written to the
// result is passed on, unless detached, and is signed when it is closed.
func Sign(w io.Writer, o SignOptions) (io.WriteCloser, error) {
	s, err := newSigning(o)
	if err != nil {
		return nil, err
	}
	f := s.frame
	if o.Detached {
		return &writer{to: s.hash, left: indefinite, finish: func() error {
			if err := s.sign(); err != nil {
				return err
			}
			_, err := w.Write(append(f.head(), f.tail()...))
			return err
		}}, nil
	}
	if o.Definite {
		if err := s.predict(); err != nil {
			return nil, err
		}
	}
	if _, err := w.Write(f.head()); err != nil {
		return nil, err
	}
	out := newSegments(w, f)
	return &writer{to: io.MultiWriter(s.hash, out), left: f.size, finish: func() error {
		if err := s.sign(); err != nil {
			return err
		}
		return end(out, f)
	}}, nil
}

// Length returns how many octets Sign writes with Definite set.
func (o SignOptions) Length() (int64, error) {
	o.Definite = true
	s, err := newSigning(o)
	if err != nil {
		return 0, err
	}
	if err := s.predict(); err != nil {
		return 0, err
	}
	return s.frame.length(), nil
}
