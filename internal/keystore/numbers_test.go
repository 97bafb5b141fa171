package keystore

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newRSA has all numbers of a new key.
func newRSA(t *testing.T, bits int) rsaNumbers {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return rsaNumbers{
		n: key.N, e: big.NewInt(int64(key.E)), d: key.D, p: key.Primes[0], q: key.Primes[1],
		dp: key.Precomputed.Dp, dq: key.Precomputed.Dq, inv: key.Precomputed.Qinv,
	}
}

// hostileRSA has the largest numbers that pass every check on the way: what
// should be primes are only odd.
func hostileRSA(t *testing.T) rsaNumbers {
	t.Helper()
	e := big.NewInt(65537)
	for {
		p, q := randomOdd(t), randomOdd(t)
		d := new(big.Int).ModInverse(e, new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)))
		if d != nil && new(big.Int).GCD(nil, nil, p, q).Cmp(one) == 0 {
			return rsaNumbers{n: new(big.Int).Mul(p, q), e: e, d: d, p: p, q: q}
		}
	}
}

func randomOdd(t *testing.T) *big.Int {
	t.Helper()
	octets := make([]byte, maxRSA/16)
	_, err := rand.Read(octets)
	require.NoError(t, err)
	octets[0] |= 0xC0
	octets[len(octets)-1] |= 1
	return new(big.Int).SetBytes(octets)
}

func TestRSANumbers(t *testing.T) {
	t.Parallel()
	full := newRSA(t, 1024)
	want, err := full.private()
	require.NoError(t, err)
	assertSigns(t, want)
	short := new(big.Int).Mod(full.d, new(big.Int).Div(
		new(big.Int).Mul(new(big.Int).Sub(full.p, one), new(big.Int).Sub(full.q, one)),
		new(big.Int).GCD(nil, nil, new(big.Int).Sub(full.p, one), new(big.Int).Sub(full.q, one))))
	for name, numbers := range map[string]rsaNumbers{
		"no CRT values":        {n: full.n, e: full.e, d: full.d, p: full.p, q: full.q},
		"no primes":            {n: full.n, e: full.e, d: full.d},
		"no primes, lcm":       {n: full.n, e: full.e, d: short},
		"some CRT values":      {n: full.n, e: full.e, d: full.d, p: full.p, q: full.q, inv: full.inv},
		"primes the other way": {n: full.n, e: full.e, d: full.d, p: full.q, q: full.p},
	} {
		key, err := numbers.private()
		require.NoError(t, err, name)
		assert.True(t, want.PublicKey.Equal(&key.PublicKey), name)
		require.Len(t, key.Primes, 2)
		assertSigns(t, key)
	}
}

// Keys from different generators have exponents and primes of other shapes.
func TestFactor(t *testing.T) {
	t.Parallel()
	for range 20 {
		full := newRSA(t, 1024)
		bare := rsaNumbers{n: full.n, e: full.e, d: full.d}
		key, err := bare.private()
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{full.p.String(), full.q.String()}, []string{key.Primes[0].String(), key.Primes[1].String()})
	}
}

func TestBadRSANumbers(t *testing.T) {
	t.Parallel()
	full, other := newRSA(t, 1024), newRSA(t, 1024)
	prime, err := rand.Prime(rand.Reader, 1024)
	require.NoError(t, err)
	next := func(x *big.Int) *big.Int { return new(big.Int).Add(x, big.NewInt(2)) }
	for name, row := range map[string]struct {
		change func(*rsaNumbers)
		want   string
	}{
		"no modulus":     {func(r *rsaNumbers) { r.n = nil }, "the modulus or the public exponent is missing"},
		"no exponent":    {func(r *rsaNumbers) { r.e = nil }, "the modulus or the public exponent is missing"},
		"zero":           {func(r *rsaNumbers) { r.n = new(big.Int) }, "not a positive odd number"},
		"large":          {func(r *rsaNumbers) { r.n = new(big.Int).SetBit(r.n, maxRSA, 1) }, "RSA key of 16385 bits: the limit is 16384"},
		"exponent 1":     {func(r *rsaNumbers) { r.e = one }, "public exponent"},
		"even exponent":  {func(r *rsaNumbers) { r.e = big.NewInt(65536) }, "public exponent"},
		"large exponent": {func(r *rsaNumbers) { r.e = big.NewInt(1<<31 + 1) }, "public exponent"},
		"other exponent": {func(r *rsaNumbers) { r.e = big.NewInt(257) }, errMismatch.Error()},
		"no d":           {func(r *rsaNumbers) { r.d = nil }, "the private exponent is missing"},
		"zero d":         {func(r *rsaNumbers) { r.d = new(big.Int) }, errMismatch.Error()},
		"large d":        {func(r *rsaNumbers) { r.d = r.n }, errMismatch.Error()},
		"d plus 2":       {func(r *rsaNumbers) { r.d = next(r.d) }, errMismatch.Error()},
		"other d":        {func(r *rsaNumbers) { *r = rsaNumbers{n: r.n, e: r.e, d: other.d} }, errMismatch.Error()},
		"other modulus":  {func(r *rsaNumbers) { r.n = other.n }, errMismatch.Error()},
		"p is 1":         {func(r *rsaNumbers) { r.p = one }, errMismatch.Error()},
		"negative p":     {func(r *rsaNumbers) { r.p, r.q = new(big.Int).Neg(r.p), new(big.Int).Neg(r.q) }, errMismatch.Error()},
		"only p":         {func(r *rsaNumbers) { r.q = nil }, "one of the two primes is missing"},
		"only CRT":       {func(r *rsaNumbers) { r.p, r.q = nil, nil }, "the primes are missing"},
		"dp":             {func(r *rsaNumbers) { r.dp = next(r.dp) }, errMismatch.Error()},
		"dq":             {func(r *rsaNumbers) { r.dq = next(r.dq) }, errMismatch.Error()},
		"inverse":        {func(r *rsaNumbers) { r.inv = next(r.inv) }, errMismatch.Error()},
		"prime modulus":  {func(r *rsaNumbers) { *r = rsaNumbers{n: prime, e: r.e, d: r.d} }, errMismatch.Error()},
		"small d":        {func(r *rsaNumbers) { *r = rsaNumbers{n: r.n, e: r.e, d: one} }, errMismatch.Error()},
		"d is n-1":       {func(r *rsaNumbers) { *r = rsaNumbers{n: r.n, e: r.e, d: new(big.Int).Sub(r.n, one)} }, errMismatch.Error()},
		"square":         {func(r *rsaNumbers) { r.n, r.q = new(big.Int).Mul(r.p, r.p), r.p }, errMismatch.Error()},
	} {
		changed := full
		row.change(&changed)
		_, _, err := changed.either()
		require.ErrorContains(t, err, row.want, name)
		for _, secret := range []*big.Int{full.d, full.p, full.q} {
			assert.NotContains(t, err.Error(), secret.String()[:20])
		}
	}
}

func TestECNumbers(t *testing.T) {
	t.Parallel()
	g := elliptic.P256().Params()
	point := append([]byte{4}, append(g.Gx.FillBytes(make([]byte, 32)), g.Gy.FillBytes(make([]byte, 32))...)...)
	public, err := ecdsaPublic(elliptic.P256(), point)
	require.NoError(t, err)
	key, err := ecdsaPrivate(public, one)
	require.NoError(t, err, "the base point belongs to 1")
	assertSigns(t, key)
	for name, d := range map[string]*big.Int{
		"zero": new(big.Int), "negative": big.NewInt(-1), "the order": g.N, "257 bits": new(big.Int).Lsh(one, 256),
	} {
		_, err := ecdsaPrivate(public, d)
		require.ErrorContains(t, err, "out of the range of P-256", name)
	}
	_, err = ecdsaPrivate(public, three)
	require.ErrorIs(t, err, errMismatch)

	point[64] ^= 1
	_, err = ecdsaPublic(elliptic.P256(), point)
	require.ErrorContains(t, err, "the point is not one of P-256")
	_, err = ecdsaPublic(elliptic.P256(), nil)
	require.ErrorContains(t, err, "the point is not one of P-256")
	_, err = ecdsaPublic(elliptic.P256(), []byte{0})
	require.ErrorContains(t, err, "the point is not one of P-256")
	_, err = ecdsaPublic(elliptic.P256(), append([]byte{2}, point[1:33]...))
	require.ErrorContains(t, err, "a compressed point is not supported")
}

func TestEd25519Numbers(t *testing.T) {
	t.Parallel()
	_, err := ed25519Public(make([]byte, 31))
	require.ErrorContains(t, err, "public key of 31 octets: it has 32")
	public, err := ed25519Public(make([]byte, 32))
	require.NoError(t, err)
	_, err = ed25519Private(public, make([]byte, 33))
	require.ErrorContains(t, err, "private key of 33 octets: it has 32")
	_, err = ed25519Private(public, make([]byte, 32))
	require.ErrorIs(t, err, errMismatch)
}

func TestLines(t *testing.T) {
	t.Parallel()
	r := lineReader{rest: []byte("a\rb\r\n\nc\n\rd")}
	var lines []string
	for line, ok := r.next(); ok; line, ok = r.next() {
		lines = append(lines, string(line))
	}
	assert.Equal(t, "a|b||c||d", strings.Join(lines, "|"))
	assert.Equal(t, 6, r.number)
}
