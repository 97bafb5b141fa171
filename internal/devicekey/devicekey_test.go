package devicekey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	"crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A software device has its key in memory and remembers what it was asked for.
type software struct {
	key  crypto.Signer
	last Operation
	fail error
	cut  int // octets that a signature lacks
}

func (d *software) Sign(op Operation, digest []byte) ([]byte, error) {
	d.last = op
	if d.fail != nil {
		return nil, d.fail
	}
	switch key := d.key.(type) {
	case *rsa.PrivateKey:
		if op.Scheme == PSS {
			return key.Sign(rand.Reader, digest, &rsa.PSSOptions{Hash: op.Hash, SaltLength: op.SaltLength})
		}
		return key.Sign(rand.Reader, digest, op.Hash)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			return nil, err
		}
		size := (key.Params().BitSize + 7) / 8
		raw := append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		return raw[d.cut:], nil
	}
	return d.key.Sign(nil, digest, crypto.Hash(0))
}

func (d *software) Decrypt(op Operation, ciphertext []byte) ([]byte, error) {
	d.last = op
	var opts crypto.DecrypterOpts
	if op.Scheme == OAEP {
		opts = &rsa.OAEPOptions{Hash: op.Hash, MGFHash: op.MGFHash, Label: op.Label}
	}
	return d.key.(crypto.Decrypter).Decrypt(nil, ciphertext, opts)
}

func newRSA(t *testing.T, bits int) (*software, crypto.Signer) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return newDevice(t, key)
}

func newDevice(t *testing.T, key crypto.Signer) (*software, crypto.Signer) {
	t.Helper()
	device := &software{key: key}
	made, err := New(key.Public(), device)
	require.NoError(t, err)
	assert.Equal(t, key.Public(), made.Public())
	return device, made
}

var message = []byte("What the device signs.")

func digestOf(hash crypto.Hash) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

func TestRSASignatures(t *testing.T) {
	t.Parallel()
	device, key := newRSA(t, 2048)
	public := key.Public().(*rsa.PublicKey)
	for _, hash := range hashes {
		signature, err := key.Sign(nil, digestOf(hash), hash)
		require.NoError(t, err)
		require.NoError(t, rsa.VerifyPKCS1v15(public, hash, digestOf(hash), signature))
		assert.Equal(t, Operation{Scheme: PKCS1v15, Hash: hash}, device.last)

		for wanted, length := range map[int]int{
			rsa.PSSSaltLengthAuto: 256 - 2 - hash.Size(), rsa.PSSSaltLengthEqualsHash: hash.Size(), 7: 7,
		} {
			signature, err := key.Sign(nil, digestOf(hash), &rsa.PSSOptions{Hash: hash, SaltLength: wanted})
			require.NoError(t, err)
			assert.Equal(t, Operation{Scheme: PSS, Hash: hash, MGFHash: hash, SaltLength: length}, device.last)
			require.NoError(t, rsa.VerifyPSS(public, hash, digestOf(hash), signature, &rsa.PSSOptions{SaltLength: length}))
		}
	}
	for _, hash := range []crypto.Hash{0, crypto.MD5SHA1} {
		_, err := key.Sign(nil, make([]byte, 36), hash)
		require.NoError(t, err)
		assert.Equal(t, Operation{Hash: hash}, device.last)
	}
}

func TestRSASignaturesThatCannotBe(t *testing.T) {
	t.Parallel()
	_, key := newRSA(t, 1024)
	for name, row := range map[string]struct {
		digest []byte
		opts   crypto.SignerOpts
		want   string
	}{
		"no hash":          {nil, nil, "the hash is not given"},
		"length of digest": {make([]byte, 31), crypto.SHA256, "a digest of 31 octets is none of SHA-256"},
		"hash":             {make([]byte, 32), crypto.SHA3_256, "RSA PKCS #1 v1.5 with hash SHA3-256 is not supported"},
		"unknown hash":     {make([]byte, 32), crypto.Hash(200), "is not supported"},
		"PSS without hash": {make([]byte, 32), &rsa.PSSOptions{}, "RSA-PSS with hash unknown hash value 0 is not supported"},
		"salt too long":    {make([]byte, 64), &rsa.PSSOptions{Hash: crypto.SHA512, SaltLength: 63}, "does not fit a key of 1024 bits"},
		"negative salt":    {make([]byte, 64), &rsa.PSSOptions{Hash: crypto.SHA512, SaltLength: -2}, "does not fit"},
	} {
		_, err := key.Sign(nil, row.digest, row.opts)
		require.ErrorContains(t, err, row.want, name)
	}
}

func TestRSADecryption(t *testing.T) {
	t.Parallel()
	device, signer := newRSA(t, 2048)
	key, public := signer.(crypto.Decrypter), signer.Public().(*rsa.PublicKey)
	//lint:ignore SA1019 old peers use it
	old, err := rsa.EncryptPKCS1v15(rand.Reader, public, message)
	require.NoError(t, err)
	oaep, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, message, []byte("label"))
	require.NoError(t, err)
	for name, row := range map[string]struct {
		ciphertext []byte
		opts       crypto.DecrypterOpts
		want       Operation
	}{
		//lint:ignore SA1019 crypto/tls asks for it
		"options": {old, &rsa.PKCS1v15DecryptOptions{}, Operation{}},
		"none":    {old, nil, Operation{}},
		"OAEP": {oaep, &rsa.OAEPOptions{Hash: crypto.SHA256, Label: []byte("label")},
			Operation{Scheme: OAEP, Hash: crypto.SHA256, MGFHash: crypto.SHA256, Label: []byte("label")}},
	} {
		plain, err := key.Decrypt(nil, row.ciphertext, row.opts)
		require.NoError(t, err, name)
		assert.Equal(t, message, plain, name)
		assert.Equal(t, row.want, device.last, name)
	}
	for want, opts := range map[string]crypto.DecrypterOpts{
		"options of type string":             "PKCS1",
		"RSA-OAEP with hash unknown":         &rsa.OAEPOptions{},
		"RSA-OAEP with hash RIPEMD-160":      &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.RIPEMD160},
		"RSA-OAEP with hash unknown hash va": &rsa.OAEPOptions{Hash: 99},
	} {
		_, err := key.Decrypt(nil, old, opts)
		require.ErrorContains(t, err, want)
	}
	_, err = key.Decrypt(nil, old[1:], nil)
	require.ErrorContains(t, err, "a ciphertext of 255 octets is none of a key of 2048 bits")
}

// Nobody can tell a bad ciphertext from a good one with another key.
func TestSessionKey(t *testing.T) {
	t.Parallel()
	_, signer := newRSA(t, 2048)
	key, public := signer.(crypto.Decrypter), signer.Public().(*rsa.PublicKey)
	//lint:ignore SA1019 crypto/tls asks for it
	opts := &rsa.PKCS1v15DecryptOptions{SessionKeyLen: 48}
	encrypted := func(plain []byte) []byte {
		//lint:ignore SA1019 old peers use it
		ciphertext, err := rsa.EncryptPKCS1v15(rand.Reader, public, plain)
		require.NoError(t, err)
		return ciphertext
	}
	secret := bytes.Repeat([]byte("s"), 48)
	random := bytes.Repeat([]byte("r"), 48)
	for name, row := range map[string]struct{ ciphertext, want []byte }{
		"good":      {encrypted(secret), secret},
		"too short": {encrypted(secret[:47]), random},
		"too long":  {encrypted(append(secret, 's')), random},
		"padding":   {make([]byte, 256), random},
	} {
		got, err := key.Decrypt(bytes.NewReader(random), row.ciphertext, opts)
		require.NoError(t, err, name)
		assert.Equal(t, row.want, got, name)
	}
	got, err := key.Decrypt(nil, encrypted(secret), opts)
	require.NoError(t, err)
	assert.Equal(t, secret, got)
	_, err = key.Decrypt(iotest.ErrReader(errors.New("dry")), encrypted(secret), opts)
	require.ErrorContains(t, err, "dry")
}

func TestECDSA(t *testing.T) {
	t.Parallel()
	for _, curve := range curves {
		made, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		device, key := newDevice(t, made)
		for _, hash := range hashes {
			signature, err := key.Sign(nil, digestOf(hash), hash)
			require.NoError(t, err)
			assert.True(t, ecdsa.VerifyASN1(&made.PublicKey, digestOf(hash), signature), "%s %v", curve.Params().Name, hash)
			assert.Equal(t, Operation{Scheme: ECDSA}, device.last)
		}
		_, err = key.Sign(nil, nil, crypto.SHA256)
		require.ErrorContains(t, err, "the digest is empty")
		device.cut = 1
		_, err = key.Sign(nil, message, crypto.SHA256)
		require.ErrorContains(t, err, "the device's ECDSA signature has")
		device.fail = errors.New("pulled")
		_, err = key.Sign(nil, message, crypto.SHA256)
		require.ErrorContains(t, err, "pulled")
	}
}

func TestEd25519(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	device, key := newDevice(t, private)
	for _, opts := range []crypto.SignerOpts{nil, crypto.Hash(0), &ed25519.Options{}} {
		signature, err := key.Sign(nil, message, opts)
		require.NoError(t, err)
		assert.True(t, ed25519.Verify(public, message, signature))
		assert.Equal(t, Operation{Scheme: Ed25519}, device.last)
	}
	_, err = key.Sign(nil, make([]byte, 64), crypto.SHA512)
	require.ErrorContains(t, err, "it takes the message")
	_, err = key.Sign(nil, message, &ed25519.Options{Context: "x"})
	require.ErrorContains(t, err, "contexts are not supported")
}

func TestOtherKeys(t *testing.T) {
	t.Parallel()
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	_, err = New(small.Public(), nil)
	require.ErrorContains(t, err, "curve P-224 is not supported")
	_, err = New("key", nil)
	require.ErrorContains(t, err, "a key of type string is not supported")
}

func TestNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "RSA-PSS with SHA-256", Operation{Scheme: PSS, Hash: crypto.SHA256}.String())
	assert.Equal(t, "Ed25519", Operation{Scheme: Ed25519}.String())
}
