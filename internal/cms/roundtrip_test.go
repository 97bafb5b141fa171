package cms

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ediport/ediport/internal/ber"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSuites(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		number    int
		digest    crypto.Hash
		cipher    string
		transport KeyTransport
		signature SignatureScheme
	}{
		{1, crypto.SHA1, "3DES", TransportPKCS1v15, SignPKCS1v15},
		{2, crypto.SHA1, "AES-256", TransportPKCS1v15, SignPKCS1v15},
		{3, crypto.SHA256, "3DES", TransportPKCS1v15, SignPKCS1v15},
		{4, crypto.SHA256, "AES-256", TransportPKCS1v15, SignPKCS1v15},
		{5, crypto.SHA512, "3DES", TransportPKCS1v15, SignPKCS1v15},
		{6, crypto.SHA512, "AES-256", TransportPKCS1v15, SignPKCS1v15},
		{7, crypto.SHA3_512, "AES-256", TransportPKCS1v15, SignPKCS1v15},
		{8, crypto.SHA256, "AES-256", TransportOAEP, SignPSS},
		{9, crypto.SHA512, "AES-256", TransportOAEP, SignPSS},
		{10, crypto.SHA3_512, "AES-256", TransportOAEP, SignPSS},
	} {
		s := suite(t, row.number)
		assert.Equal(t, row.number, s.Number)
		assert.Equal(t, row.digest, s.Digest)
		assert.Equal(t, row.cipher, s.Cipher.String())
		assert.Equal(t, row.transport, s.Transport)
		assert.Equal(t, row.signature, s.Signature)
		assert.Equal(t, row.number > 6, s.Experimental)
		assert.True(t, s.Digest.Available())
	}
	for _, number := range []int{-1, 0, 11, 99} {
		_, ok := SuiteByNumber(number)
		assert.False(t, ok, number)
	}
}

// All suites, both forms of lengths, with and without compression.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	for number := 1; number <= 10; number++ {
		for name, content := range contents() {
			t.Run(fmt.Sprint(number, name), func(t *testing.T) {
				t.Parallel()
				sign := SignOptions{Suite: suite(t, number), Signers: []Signer{alice.signer()}}
				encrypt := EncryptOptions{Suite: sign.Suite, Recipients: []*x509.Certificate{bob.cert}}
				packed := produce(t, content, encrypts(encrypt), compresses(6), signs(sign))
				got, types, err := unwrapped(bytes.NewReader(packed), 3, bob.recipient(), known(alice))
				require.NoError(t, err)
				assert.Equal(t, []ContentType{EnvelopedData, CompressedData, SignedData}, types)
				assert.True(t, bytes.Equal(content, got))

				// DER in one pass: each size is known before.
				sign.Definite, sign.Size = true, int64(len(content))
				encrypt.Definite = true
				encrypt.Size, err = sign.Length()
				require.NoError(t, err)
				length, err := encrypt.Length()
				require.NoError(t, err)
				packed = produce(t, content, encrypts(encrypt), signs(sign))
				assert.EqualValues(t, length, len(packed))
				der, err := ber.DER(packed)
				require.NoError(t, err)
				assert.True(t, bytes.Equal(der, packed), "it is DER")
				got, types, err = unwrapped(bytes.NewReader(packed), 2, bob.recipient(), known(alice))
				require.NoError(t, err)
				assert.Equal(t, []ContentType{EnvelopedData, SignedData}, types)
				assert.True(t, bytes.Equal(content, got))
			})
		}
	}
}

// However the octets come and are asked for.
func TestPieces(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	packed := produce(t, nil, encrypts(EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{bob.cert}}),
		func(w io.Writer) (io.WriteCloser, error) {
			signed, err := Sign(w, SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}})
			require.NoError(t, err)
			_, err = io.Copy(struct{ io.Writer }{signed}, iotest.OneByteReader(bytes.NewReader(longContent)))
			return signed, err
		})
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"one by one": iotest.OneByteReader, "halves": iotest.HalfReader, "error with data": iotest.DataErrReader,
	} {
		got, _, err := unwrapped(pieces(bytes.NewReader(packed)), 2, bob.recipient(), known(alice))
		require.NoError(t, err, name)
		assert.True(t, bytes.Equal(longContent, got), name)
	}
	p, err := Open(bytes.NewReader(packed))
	require.NoError(t, err)
	r, err := p.Decrypt(bob.recipient())
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(r, decrypted(t, packed, bob)))
}

func decrypted(t *testing.T, packed []byte, us party) []byte {
	plain, err := DecryptBytes(packed, us.recipient())
	require.NoError(t, err)
	return plain
}

func TestSignersOfAllKinds(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 20, 12, 30, 0, 0, time.UTC)
	alice := loadParty(t, "alice")
	for _, number := range []int{1, 4, 6, 7} {
		for _, signer := range []Signer{
			alice.signer(),
			ecdsaSigner(t, "p256", elliptic.P256()), ecdsaSigner(t, "p384", elliptic.P384()), ecdsaSigner(t, "p521", elliptic.P521()),
		} {
			o := SignOptions{Suite: suite(t, number), Signers: []Signer{signer}, Time: when}
			trusted := VerifyOptions{Certificates: []*x509.Certificate{signer.Certificate}}
			packed := produce(t, longContent, signs(o))
			content, _, err := unwrapped(bytes.NewReader(packed), 1, Recipient{}, trusted)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(longContent, content))

			for _, o.Detached = range []bool{false, true} {
				signature, err := SignBytes(longContent, o)
				require.NoError(t, err)
				signatures, err := VerifyBytes(signature, longContent, trusted)
				require.NoError(t, err)
				require.Len(t, signatures, 1)
				assert.Equal(t, Signature{Certificate: signer.Certificate, Digest: o.Suite.Digest, Time: when}, signatures[0])
			}
			detached := produce(t, longContent, signs(o))
			_, err = VerifyBytes(detached, longContent, trusted)
			require.NoError(t, err)
		}
	}
}

func TestWritersRefuse(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	curve := ecdsaSigner(t, "curve", elliptic.P256())
	four := suite(t, 4)
	for want, o := range map[string]SignOptions{
		"without a cipher suite":  {Signers: []Signer{alice.signer()}},
		"without a signer":        {Suite: four},
		"without a certificate":   {Suite: four, Signers: []Signer{{Key: alice.key}}},
		"does not belong":         {Suite: four, Signers: []Signer{{alice.cert, bob.key}}},
		"length of the signature": {Suite: four, Signers: []Signer{curve}, Definite: true},
		"content of -1 octets":    {Suite: four, Signers: []Signer{alice.signer()}, Definite: true, Size: -1},
		"cannot represent time":   {Suite: four, Signers: []Signer{alice.signer()}, Definite: true, Time: time.Date(1e5, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		_, err := Sign(io.Discard, o)
		require.ErrorContains(t, err, want)
		_, err = o.Length()
		require.ErrorContains(t, err, want)
	}
	for want, o := range map[string]EncryptOptions{
		"without a cipher suite": {Recipients: []*x509.Certificate{bob.cert}},
		"for no recipient":       {Suite: four},
		"without a certificate":  {Suite: four, Recipients: []*x509.Certificate{nil}},
		"only RSA keys":          {Suite: four, Recipients: []*x509.Certificate{curve.Certificate}},
		"content of -5 octets":   {Suite: four, Recipients: []*x509.Certificate{bob.cert}, Definite: true, Size: -5},
		"is not supported":       {Suite: Suite{Cipher: AES256, Transport: TransportOAEP}, Recipients: []*x509.Certificate{bob.cert}},
	} {
		_, err := Encrypt(io.Discard, o)
		require.ErrorContains(t, err, want)
		_, err = EncryptBytes(nil, o)
		if o.Size == 0 {
			require.ErrorContains(t, err, want)
		}
	}
	_, err := EncryptOptions{Suite: four}.Length()
	require.ErrorContains(t, err, "for no recipient")
	for _, level := range []int{-2, -1, 0, 10} {
		_, err := Compress(io.Discard, level)
		require.ErrorContains(t, err, "1 to 9 are possible")
	}
	_, err = SignBytes(nil, SignOptions{})
	require.ErrorContains(t, err, "without a cipher suite")
}

func TestPromises(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	for _, begin := range []func() (io.WriteCloser, error){
		func() (io.WriteCloser, error) {
			return Sign(io.Discard, SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}, Definite: true, Size: 5})
		},
		func() (io.WriteCloser, error) {
			return Encrypt(io.Discard, EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{bob.cert}, Definite: true, Size: 5})
		},
	} {
		w, err := begin()
		require.NoError(t, err)
		_, err = w.Write([]byte("1234"))
		require.NoError(t, err)
		require.EqualError(t, w.Close(), "cms: 1 octets of content less than promised")
		require.Error(t, w.Close())

		w, err = begin()
		require.NoError(t, err)
		_, err = w.Write([]byte("123456"))
		require.EqualError(t, err, "cms: 1 octets of content more than promised")
		require.Error(t, w.Close())

		w, err = begin()
		require.NoError(t, err)
		_, err = w.Write([]byte("12345"))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.ErrorIs(t, w.Close(), errClosed)
		_, err = w.Write([]byte("6"))
		require.ErrorIs(t, err, errClosed)
	}
}

// full is a disk with room for some octets.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// Every write may fail, and none goes unnoticed.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	for name, begin := range map[string]func(io.Writer) (io.WriteCloser, error){
		"sign":       signs(SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}}),
		"detached":   signs(SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}, Detached: true}),
		"definite":   signs(SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}, Definite: true, Size: int64(len(longContent))}),
		"encrypt":    encrypts(EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{bob.cert}}),
		"compressed": compresses(1),
	} {
		size := len(produce(t, longContent, begin))
		for room := 0; room <= size; room += 1 + size/50 {
			require.ErrorIs(t, fill(begin, min(room, size-1)), errFull, "%s: %d of %d", name, room, size)
		}
		require.NoError(t, fill(begin, size), name)
	}
}

func fill(begin func(io.Writer) (io.WriteCloser, error), room int) error {
	w, err := begin(&full{room})
	if err != nil {
		return err
	}
	if _, err := w.Write(longContent); err != nil {
		if again := w.Close(); !errors.Is(again, err) {
			return fmt.Errorf("closed after %w with %w", err, again)
		}
		return err
	}
	return w.Close()
}
