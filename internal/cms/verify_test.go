package cms

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verified reads a signed package to its end.
func verified(packed []byte, o VerifyOptions) ([]Signature, error) {
	p, err := Open(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	v, err := p.Verify(o)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, v)
	return v.Signatures(), err
}

func TestWhoseSignatureCounts(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	fox := readFile(t, "FOX.plain")
	signed := func(o SignOptions) []byte {
		o.Suite = suite(t, 4)
		return produce(t, fox, signs(o))
	}
	bare := signed(SignOptions{Signers: []Signer{alice.signer()}})
	carrying := signed(SignOptions{Signers: []Signer{alice.signer()}, Certificates: []*x509.Certificate{bob.cert, alice.cert}})
	both := signed(SignOptions{Signers: []Signer{bob.signer(), alice.signer()}})

	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		for _, packed := range [][]byte{bare, carrying} {
			signatures, err := verified(packed, known(bob))
			require.ErrorIs(t, err, UnknownSigner)
			require.Len(t, signatures, 1)
			require.ErrorIs(t, signatures[0].Err, UnknownSigner)
			assert.Nil(t, signatures[0].Certificate)
		}
	})
	t.Run("embedded and accepted", func(t *testing.T) {
		t.Parallel()
		signatures, err := verified(carrying, VerifyOptions{Embedded: func(signer *x509.Certificate, others []*x509.Certificate) error {
			assert.Equal(t, alice.cert, signer)
			assert.Equal(t, []*x509.Certificate{bob.cert}, others)
			return nil
		}})
		require.NoError(t, err)
		assert.True(t, signatures[0].Embedded)
		assert.Equal(t, alice.cert, signatures[0].Certificate)
	})
	t.Run("embedded and refused", func(t *testing.T) {
		t.Parallel()
		why := errors.New("not by our authority")
		_, err := verified(carrying, VerifyOptions{Embedded: func(*x509.Certificate, []*x509.Certificate) error { return why }})
		require.ErrorIs(t, err, UnknownSigner)
		require.ErrorIs(t, err, why)
	})
	t.Run("given before embedded", func(t *testing.T) {
		t.Parallel()
		signatures, err := verified(carrying, known(alice))
		require.NoError(t, err)
		assert.False(t, signatures[0].Embedded)
	})
	t.Run("changeover: one of two is known", func(t *testing.T) {
		t.Parallel()
		signatures, err := verified(both, known(alice))
		require.NoError(t, err)
		require.Len(t, signatures, 2)
		require.NoError(t, verdict(signatures))
		_, err = verified(both, known(alice, bob))
		require.NoError(t, err)
		_, err = verified(both, VerifyOptions{})
		require.ErrorIs(t, err, UnknownSigner)
	})
	t.Run("one of two is wrong", func(t *testing.T) {
		t.Parallel()
		broken := bytes.Clone(both)
		broken[len(broken)-20] ^= 1 // in the last signature
		_, err := verified(broken, known(alice, bob))
		require.ErrorIs(t, err, BadSignature)
	})
	t.Run("a stranger with the name of a partner", func(t *testing.T) {
		t.Parallel()
		stranger := ecdsaSigner(t, "stranger", elliptic.P256())
		fake := *stranger.Certificate
		fake.RawIssuer, fake.SerialNumber = alice.cert.RawIssuer, alice.cert.SerialNumber
		packed := signed(SignOptions{Signers: []Signer{{&fake, stranger.Key}}})
		_, err := verified(packed, known(alice))
		require.ErrorIs(t, err, Unsupported, "ECDSA by a key for RSA")
		_, err = verified(packed, VerifyOptions{Certificates: []*x509.Certificate{&fake}})
		require.NoError(t, err)
	})
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		_, err := verified(bytes.Join([][]byte{unhex(t, "30 80 06092A864886F70D010702 A0 80 30 80 020101 3100 3080 06092A864886F70D010701 A080 2480 0401 61 0000 0000 0000 3100 0000 0000 0000")}, nil), known(alice))
		require.ErrorIs(t, err, UnknownSigner)
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	alice := loadParty(t, "alice")
	raw, err := identifierOf(alice.cert)
	require.NoError(t, err)
	id, err := parseIdentifier(raw)
	require.NoError(t, err)
	assert.True(t, id.names(alice.cert))
	assert.False(t, id.names(nil))
	assert.Equal(t, "with serial number "+alice.cert.SerialNumber.String()+" of CN=alice,O=OFTP Test,C=GB", id.String())

	// The same letters in another type of string: UTF8String, here PrintableString.
	other, err := asn1.Marshal(pkix.Name{Country: []string{"GB"}, Organization: []string{"OFTP Test"}, CommonName: "alice"}.ToRDNSequence())
	require.NoError(t, err)
	assert.NotEqual(t, alice.cert.RawIssuer, other)
	assert.True(t, identifier{issuer: other, serial: alice.cert.SerialNumber}.names(alice.cert))
	assert.False(t, identifier{issuer: []byte{0x30, 0}, serial: alice.cert.SerialNumber}.names(alice.cert))
	assert.False(t, identifier{issuer: []byte{1}, serial: alice.cert.SerialNumber}.names(alice.cert))
	assert.NotEmpty(t, identifier{issuer: []byte{1}, serial: alice.cert.SerialNumber}.String())

	assert.True(t, identifier{keyID: alice.cert.SubjectKeyId}.names(alice.cert))
	assert.False(t, identifier{}.names(&x509.Certificate{}))
	assert.Equal(t, "with key identifier 0102", identifier{keyID: []byte{1, 2}}.String())
}

// The signed attributes of one package as the content of another.
func TestSignedAttributesAreNoContent(t *testing.T) {
	t.Parallel()
	alice := loadParty(t, "alice")
	s, err := newSigning(SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}})
	require.NoError(t, err)
	attributes, err := s.attributes()
	require.NoError(t, err)
	for content, want := range map[string]error{"a file": nil, string(attributes): BadSignature, string(attributes) + ".": nil} {
		_, err = verified(withoutAttributes(t, alice, []byte(content)), known(alice))
		require.ErrorIs(t, err, want)
	}
}

// withoutAttributes signs content itself (RFC 5652, section 5.4).
func withoutAttributes(t *testing.T, by party, content []byte) []byte {
	s, err := newSigning(SignOptions{Suite: suite(t, 4), Signers: []Signer{by.signer()}, Definite: true, Size: int64(len(content))})
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	signature, err := by.key.Sign(nil, sum[:], s.digest.hash)
	require.NoError(t, err)
	id, err := identifierOf(by.cert)
	require.NoError(t, err)
	info, err := asn1.Marshal(signerInfo{Version: 1, ID: id, DigestAlgorithm: pkix.AlgorithmIdentifier{Algorithm: s.digest.oid}, SignatureAlgorithm: rsaWithNull, Signature: signature})
	require.NoError(t, err)
	s.frame.layers[signedLayer].after = element(idSet, info)
	return bytes.Join([][]byte{s.frame.head(), content, s.frame.tail()}, nil)
}

// What is wrong with signed attributes, each time under a signature that holds.
func TestBadAttributes(t *testing.T) {
	t.Parallel()
	alice := loadParty(t, "alice")
	fox := readFile(t, "FOX.plain")
	value := func(v any) []asn1.RawValue {
		der, err := asn1.Marshal(v)
		require.NoError(t, err)
		return []asn1.RawValue{{FullBytes: der}}
	}
	sum := sha256.Sum256(fox)
	kind := attribute{oidContentType, value(Data.oid())}
	digest := attribute{oidMessageDigest, value(sum[:])}
	other := attribute{oidEC, value(1)}
	for name, row := range map[string]struct {
		attributes []attribute
		want       error
	}{
		"as they should be": {[]attribute{kind, digest, other}, nil},
		"no digest":         {[]attribute{kind}, BadSignature},
		"no content type":   {[]attribute{digest}, BadSignature},
		"none":              {[]attribute{}, BadSignature},
		"other type":        {[]attribute{{oidContentType, value(SignedData.oid())}, digest}, BadSignature},
		"other digest":      {[]attribute{kind, {oidMessageDigest, value(sum[1:])}}, BadSignature},
		"two digests":       {[]attribute{kind, digest, digest}, Malformed},
		"two values":        {[]attribute{kind, {oidMessageDigest, append(value(sum[:]), value(sum[:])...)}}, Malformed},
		"no value":          {[]attribute{kind, {oidMessageDigest, nil}}, Malformed},
		"not a digest":      {[]attribute{kind, {oidMessageDigest, value(5)}}, Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := newSigning(SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}, Definite: true, Size: int64(len(fox))})
			require.NoError(t, err)
			attributes, err := asn1.MarshalWithParams(row.attributes, "set")
			require.NoError(t, err)
			info, err := s.info(alice.signer(), attributes, s.signature)
			require.NoError(t, err)
			s.frame.layers[signedLayer].after = element(idSet, info)
			_, err = verified(bytes.Join([][]byte{s.frame.head(), fox, s.frame.tail()}, nil), known(alice))
			require.ErrorIs(t, err, row.want)
		})
	}
}

func TestDetached(t *testing.T) {
	t.Parallel()
	alice := loadParty(t, "alice")
	fox := readFile(t, "FOX.plain")
	packed := produce(t, fox, signs(SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}, Detached: true}))
	p, err := Open(bytes.NewReader(packed))
	require.NoError(t, err)
	assert.True(t, p.Detached)
	_, err = p.Verify(known(alice))
	require.ErrorIs(t, err, Unsupported)

	o := known(alice)
	o.Content = io.MultiReader(bytes.NewReader(fox), &broken{})
	_, err = verified(packed, o)
	require.ErrorIs(t, err, errBroken)
	attached, err := SignBytes(fox, SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}})
	require.NoError(t, err)
	_, err = VerifyBytes(attached, append(fox, '.'), known(alice))
	require.ErrorIs(t, err, BadSignature)
	_, err = VerifyBytes(nil, fox, known(alice))
	require.ErrorIs(t, err, Truncated)
	_, err = VerifyBytes(readFile(t, "cms-001.cms"), fox, known(alice))
	require.ErrorIs(t, err, Unsupported)
}

// broken is a disk that cannot be read.
type broken struct{}

var errBroken = errors.New("input/output error")

func (broken) Read([]byte) (int, error) { return 0, errBroken }

func TestUnsupportedSigners(t *testing.T) {
	t.Parallel()
	alice := loadParty(t, "alice")
	curve := ecdsaSigner(t, "curve", elliptic.P256())
	sha256, _ := digestOf(suite(t, 4).Digest)
	pss, err := pssAlgorithm(sha256)
	require.NoError(t, err)
	d, ok := digestOf(suite(t, 1).Digest)
	require.True(t, ok)
	sum := make([]byte, 32)
	for name, row := range map[string]struct {
		algorithm pkix.AlgorithmIdentifier
		digest    digest
		key       any
		want      Reason
	}{
		"signature of another digest": {pkix.AlgorithmIdentifier{Algorithm: sha256.rsa}, d, alice.cert.PublicKey, Unsupported},
		"RSA by a curve":              {pkix.AlgorithmIdentifier{Algorithm: sha256.rsa}, sha256, curve.Certificate.PublicKey, Unsupported},
		"wrong RSA":                   {pkix.AlgorithmIdentifier{Algorithm: sha256.rsa}, sha256, alice.cert.PublicKey, BadSignature},
		"wrong PSS":                   {pss, sha256, alice.cert.PublicKey, BadSignature},
		"wrong ECDSA":                 {pkix.AlgorithmIdentifier{Algorithm: oidEC}, sha256, curve.Certificate.PublicKey, BadSignature},
		"PSS with another digest":     {pss, d, alice.cert.PublicKey, Unsupported},
		"PSS without parameters":      {pkix.AlgorithmIdentifier{Algorithm: oidPSS}, sha256, alice.cert.PublicKey, Malformed},
		"another kind of key":         {pss, sha256, "key", Unsupported},
		"PSS with an unknown digest": {pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: asn1.RawValue{
			FullBytes: element(idSequence, element(idExplicit0, element(idSequence, unhex(t, "0603 2A0304")))),
		}}, sha256, alice.cert.PublicKey, Unsupported},
	} {
		err := claim{algorithm: row.algorithm, digest: row.digest, signature: sum}.verify(row.key, sum)
		assert.Equal(t, row.want, ReasonOf(err), "%s: %v", name, err)
	}
	for raw, want := range map[string]string{
		"3000":                                   "", // SHA-1 for everything
		"30 0D A1 0B 30 09 06 07 2A8648CE3D0201": "mask generation function",
		"30 0F A1 0D 30 0B 06 09 2A864886F70D010108": "sequence",
		"30 00 00":                       "after the end",
		"30 09 A2 07 30 05 06 03 2A0304": "source of the OAEP label",
		"30 09 A0 07 30 05 06 03 2A0304": "digest algorithm",
	} {
		_, err := parseOAEP(asn1.RawValue{FullBytes: unhex(t, raw)})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.Error(t, err, want)
	}
}
