package cms

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSeveralRecipients(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	stranger := ecdsaSigner(t, "stranger", elliptic.P256())
	for number := 1; number <= 10; number++ {
		envelope, err := EncryptBytes([]byte("challenge"), EncryptOptions{Suite: suite(t, number), Recipients: []*x509.Certificate{alice.cert, bob.cert}})
		require.NoError(t, err)
		for _, ours := range [][]Recipient{{alice.recipient()}, {bob.recipient()}, {bob.recipient(), alice.recipient()}} {
			plain, err := DecryptBytes(envelope, ours...)
			require.NoError(t, err)
			assert.Equal(t, "challenge", string(plain))
		}
		_, err = DecryptBytes(envelope)
		require.ErrorIs(t, err, NotForUs)
		_, err = DecryptBytes(envelope, Recipient{stranger.Certificate, alice.key})
		require.ErrorIs(t, err, NotForUs)
	}
}

// oracle answers as it is told, whatever it is asked.
type oracle struct {
	crypto.Decrypter
	key []byte
	err error
}

func (o oracle) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return o.key, o.err
}

// Whether the key cannot be had, has a wrong length or is another: the error is
// the same in type, place and words, and so it is for damaged padding.
func TestFailuresLookAlike(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	four := suite(t, 4)
	envelope := produce(t, longContent, encrypts(EncryptOptions{Suite: four, Recipients: []*x509.Certificate{bob.cert}}))
	want := errDecrypt().Error()
	failures := map[string]func() error{
		"wrong key":    func() error { return decryptFailure(envelope, Recipient{bob.cert, alice.key}) },
		"broken":       func() error { return decryptFailure(envelope, Recipient{bob.cert, oracle{err: errors.New("secret")}}) },
		"short":        func() error { return decryptFailure(envelope, Recipient{bob.cert, oracle{key: make([]byte, 16)}}) },
		"long":         func() error { return decryptFailure(envelope, Recipient{bob.cert, oracle{key: make([]byte, 33)}}) },
		"another":      func() error { return decryptFailure(envelope, Recipient{bob.cert, oracle{key: make([]byte, 32)}}) },
		"bad padding":  func() error { return decryptFailure(damaged(envelope, 12), bob.recipient()) },
		"cut of block": func() error { return decryptFailure(recut(t, envelope, bob), bob.recipient()) },
	}
	for name, failure := range failures {
		// Nonsense has padding that looks right once in 256 times.
		require.Eventually(t, func() bool {
			err := failure()
			return ReasonOf(err) == CannotDecrypt && err.Error() == want
		}, 10*time.Second, 1, name)
	}
}

func decryptFailure(envelope []byte, us Recipient) error {
	p, err := Open(bytes.NewReader(envelope))
	if err != nil {
		return err
	}
	r, err := p.Decrypt(us)
	if err != nil {
		return errors.New("the error came before the end")
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// damaged flips a bit so many octets before the end.
func damaged(octets []byte, fromEnd int) []byte {
	octets = bytes.Clone(octets)
	octets[len(octets)-fromEnd] ^= 0x80
	return octets
}

// recut is the same envelope around content that is no whole number of blocks.
func recut(t *testing.T, envelope []byte, us party) []byte {
	p, err := Open(bytes.NewReader(envelope))
	require.NoError(t, err)
	row := ciphers[p.Cipher]
	key, err := p.contentKey([]Recipient{us.recipient()}, row.keySize)
	require.NoError(t, err)
	f, err := EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{us.cert}, Definite: true, Size: 17}.frame(key, p.iv)
	require.NoError(t, err)
	f.size = 17
	return bytes.Join([][]byte{f.head(), make([]byte, 17), f.tail()}, nil)
}

func TestPadding(t *testing.T) {
	t.Parallel()
	block := func(last ...byte) []byte { return append(make([]byte, 16-len(last)), last...) }
	whole := bytes.Repeat([]byte{16}, 16)
	for name, row := range map[string]struct {
		block []byte
		want  int
		ok    bool
	}{
		"one":            {block(1), 1, true},
		"two":            {block(2, 2), 2, true},
		"whole":          {whole, 16, true},
		"zero":           {block(0), 0, false},
		"17":             {bytes.Repeat([]byte{17}, 16), 17, false},
		"255":            {bytes.Repeat([]byte{255}, 16), 255, false},
		"one is wrong":   {block(4, 3, 4, 4), 4, false},
		"first is wrong": {append([]byte{15}, whole[1:]...), 16, false},
	} {
		n, ok := paddingOf(row.block)
		assert.Equal(t, row.ok, ok, name)
		assert.Equal(t, row.want, n, name)
	}
}

// Ciphertext of every length around one buffer, through the padding.
func TestDecrypterBorders(t *testing.T) {
	t.Parallel()
	block, err := aes.NewCipher(make([]byte, 16))
	require.NoError(t, err)
	for _, size := range []int{0, 1, 15, 16, 17, 31, bufferSize - 17, bufferSize - 16, bufferSize - 15, bufferSize - 1, bufferSize, bufferSize + 1, 2*bufferSize - 1, 2 * bufferSize} {
		plain := bytes.Repeat([]byte{'x'}, size)
		n := 16 - size%16
		sealed := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
		cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(sealed, sealed)
		d := newDecrypter(bytes.NewReader(sealed), cipher.NewCBCDecrypter(block, make([]byte, 16)))
		got, err := io.ReadAll(d)
		require.NoError(t, err, size)
		require.True(t, bytes.Equal(plain, got), size)

		for _, n := range []int{1, 15} {
			d = newDecrypter(bytes.NewReader(sealed[:len(sealed)-n]), cipher.NewCBCDecrypter(block, make([]byte, 16)))
			_, err = io.ReadAll(d)
			require.ErrorIs(t, err, CannotDecrypt)
		}
	}
	d := newDecrypter(bytes.NewReader(nil), cipher.NewCBCDecrypter(block, make([]byte, 16)))
	_, err = io.ReadAll(d)
	require.ErrorIs(t, err, CannotDecrypt)
}

func TestUnwrap(t *testing.T) {
	t.Parallel()
	bob := loadParty(t, "bob")
	var r recipient
	r.Algorithm.Algorithm = oidEC
	_, err := r.unwrap(bob.key, 32)
	require.ErrorIs(t, err, Unsupported)
	r.Algorithm.Algorithm = oidOAEP
	_, err = r.unwrap(bob.key, 32)
	require.ErrorIs(t, err, Malformed)
	r.Algorithm.Algorithm = oidRSA
	key, err := r.unwrap(bob.key, 32)
	require.NoError(t, err, "no ciphertext gives a random key")
	again, err := r.unwrap(bob.key, 32)
	require.NoError(t, err)
	assert.NotEqual(t, key, again)
	assert.Len(t, key, 32)

	// An initialization vector of the wrong length.
	p := &Package{Type: EnvelopedData, Cipher: AES256, iv: make([]byte, 8), recipients: []recipient{{}}}
	_, err = p.Decrypt(bob.recipient())
	require.ErrorIs(t, err, Malformed)
	envelope, err := EncryptBytes(nil, EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{bob.cert}})
	require.NoError(t, err)
	p, err = Open(bytes.NewReader(envelope))
	require.NoError(t, err)
	p.iv = p.iv[:8]
	_, err = p.Decrypt(bob.recipient())
	require.ErrorIs(t, err, Malformed)
	assert.IsType(t, &rsa.PublicKey{}, bob.key.Public())
}
