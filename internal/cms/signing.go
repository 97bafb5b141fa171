package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"time"
)

// signing is a SignedData that is being made.
type signing struct {
	o            SignOptions
	digest       digest
	hash         hash.Hash
	frame        *frame
	certificates []byte // in DER, with their tag
	predicted    int    // octets that must follow the content, 0 when any may
}

// signedLayer is where certificates and signatures follow the content.
const signedLayer = 2

func newSigning(o SignOptions) (*signing, error) {
	d, ok := digestOf(o.Suite.Digest)
	if !ok {
		return nil, errors.New("cms: signing without a cipher suite")
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	for _, signer := range o.Signers {
		if err := signer.fits(); err != nil {
			return nil, err
		}
	}
	if len(o.Signers) == 0 {
		return nil, errors.New("cms: signing without a signer")
	}
	s := &signing{o: o, digest: d, hash: d.hash.New()}
	for _, cert := range o.Certificates {
		s.certificates = append(s.certificates, cert.Raw...)
	}
	if len(s.certificates) > 0 {
		s.certificates = element(idExplicit0, s.certificates)
	}
	return s, s.newFrame()
}

// fits makes sure that certificate and key belong together: a package signed
// with the wrong key would be found out by the partner.
func (s Signer) fits() error {
	if s.Certificate == nil || s.Key == nil {
		return errors.New("cms: signing without a certificate, or without its private key")
	}
	public, ok := s.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(s.Certificate.PublicKey) {
		return fmt.Errorf("cms: signing as %v: the private key does not belong to the certificate", s.Certificate.Subject)
	}
	return nil
}

func (s *signing) newFrame() error {
	algorithm, err := marshal(pkix.AlgorithmIdentifier{Algorithm: s.digest.oid})
	if err != nil {
		return err
	}
	inner, err := marshal(Data.oid())
	if err != nil {
		return err
	}
	version := element(idInteger, []byte{1}) // certificates by issuer and serial number only
	before := append(version, element(idSet, algorithm)...)
	if s.o.Detached {
		s.frame, err = newFrame(SignedData, layer{id: idSequence, before: append(before, element(idSequence, inner)...)})
		if err == nil {
			s.frame.size = 0
		}
		return err
	}
	s.frame, err = newFrame(SignedData, layer{id: idSequence, before: before}, layer{id: idSequence, before: inner}, layer{id: idExplicit0})
	if err != nil {
		return err
	}
	s.frame.content = idOctetString
	s.frame.size, err = promised(s.o.Definite, s.o.Size)
	return err
}

// predict puts in place of the signatures as many octets as they will have.
func (s *signing) predict() error {
	for _, signer := range s.o.Signers {
		if _, ok := signer.Certificate.PublicKey.(*rsa.PublicKey); !ok {
			return fmt.Errorf("cms: signing as %v with definite lengths: the key is not RSA, and the length of the signature is not known before", signer.Certificate.Subject)
		}
	}
	after, err := s.trailer(func(signer Signer, _ []byte) ([]byte, error) {
		return make([]byte, signer.Certificate.PublicKey.(*rsa.PublicKey).Size()), nil
	})
	s.frame.layers[signedLayer].after, s.predicted = after, len(after)
	return err
}

// sign makes the signatures, after the last octet of content.
func (s *signing) sign() error {
	after, err := s.trailer(s.signature)
	if err != nil {
		return err
	}
	if s.predicted != 0 && s.predicted != len(after) {
		return fmt.Errorf("cms: the signatures have %d octets and should have %d", len(after), s.predicted)
	}
	s.frame.layers[signedLayer].after = after
	return nil
}

// trailer is what follows the content: certificates and signers.
func (s *signing) trailer(sign func(Signer, []byte) ([]byte, error)) ([]byte, error) {
	var infos []byte
	attributes, err := s.attributes()
	if err != nil {
		return nil, err
	}
	for _, signer := range s.o.Signers {
		info, err := s.info(signer, attributes, sign)
		if err != nil {
			return nil, fmt.Errorf("cms: signing as %v: %w", signer.Certificate.Subject, err)
		}
		infos = append(infos, info...)
	}
	return append(bytes.Clone(s.certificates), element(idSet, infos)...), nil
}

// attributes is the SET of signed attributes. In DER it is sorted.
func (s *signing) attributes() ([]byte, error) {
	var set []attribute
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{
		{oidContentType, Data.oid()},
		{oidSigningTime, s.o.Time.UTC()},
		{oidMessageDigest, s.hash.Sum(nil)},
	} {
		der, err := marshal(a.value)
		if err != nil {
			return nil, err
		}
		set = append(set, attribute{a.oid, []asn1.RawValue{{FullBytes: der}}})
	}
	return asn1.MarshalWithParams(set, "set")
}

// info is the SignerInfo of one signer.
func (s *signing) info(signer Signer, attributes []byte, sign func(Signer, []byte) ([]byte, error)) ([]byte, error) {
	id, err := identifierOf(signer.Certificate)
	if err != nil {
		return nil, err
	}
	algorithm, err := s.algorithm(signer)
	if err != nil {
		return nil, err
	}
	signature, err := sign(signer, attributes)
	if err != nil {
		return nil, err
	}
	tagged := bytes.Clone(attributes)
	tagged[0] = idExplicit0
	return asn1.Marshal(signerInfo{
		Version:            1,
		ID:                 id,
		DigestAlgorithm:    pkix.AlgorithmIdentifier{Algorithm: s.digest.oid},
		SignedAttrs:        asn1.RawValue{FullBytes: tagged},
		SignatureAlgorithm: algorithm,
		Signature:          signature,
	})
}

// algorithm is that of the signer's signature.
func (s *signing) algorithm(signer Signer) (pkix.AlgorithmIdentifier, error) {
	switch signer.Certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if s.o.Suite.Signature == SignPSS {
			return pssAlgorithm(s.digest)
		}
		return rsaWithNull, nil // what everybody reads (RFC 5754, section 3.2)
	case *ecdsa.PublicKey:
		return pkix.AlgorithmIdentifier{Algorithm: s.digest.ecdsa}, nil
	}
	return pkix.AlgorithmIdentifier{}, fmt.Errorf("a key of type %v is not supported: RSA and ECDSA are", signer.Certificate.PublicKeyAlgorithm)
}

// signature signs the attributes, and with them the digest of the content.
func (s *signing) signature(signer Signer, attributes []byte) ([]byte, error) {
	h := s.digest.hash.New()
	h.Write(attributes)
	var opts crypto.SignerOpts = s.digest.hash
	if _, ok := signer.Certificate.PublicKey.(*rsa.PublicKey); ok && s.o.Suite.Signature == SignPSS {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.digest.hash}
	}
	return signer.Key.Sign(rand.Reader, h.Sum(nil), opts)
}
