package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unhex reads octets with spaces between them.
func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(tb, err)
	return b
}

// sample is a package without octets after its end.
type sample struct {
	name   string
	depth  int // packages in one another
	octets []byte
}

// samples are packages of all types, in both forms of lengths, from the peer
// and from here.
func samples(t *testing.T) []sample {
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	fox := readFile(t, "FOX.plain")
	sign := SignOptions{Suite: suite(t, 4), Signers: []Signer{alice.signer()}, Certificates: []*x509.Certificate{alice.cert}}
	encrypt := EncryptOptions{Suite: suite(t, 4), Recipients: []*x509.Certificate{alice.cert, bob.cert}}
	signed, err := SignBytes(fox, sign)
	require.NoError(t, err)
	encrypted, err := EncryptBytes(fox, encrypt)
	require.NoError(t, err)
	return []sample{
		{"signed", 1, produce(t, fox, signs(sign))},
		{"signed DER", 1, signed},
		{"signed, loose", 1, loosen(t, signed)},
		{"encrypted", 1, produce(t, fox, encrypts(encrypt))},
		{"encrypted DER", 1, encrypted},
		{"encrypted, loose", 1, loosen(t, encrypted)},
		{"compressed", 1, produce(t, fox, compresses(6))},
		{"chain", 3, produce(t, fox, encrypts(encrypt), compresses(1), signs(sign))},
		{"data", 1, append(unhex(t, headData+"24 80 04 44"), append(bytes.Clone(fox), make([]byte, 6)...)...)},
		{"peer's, signed and compressed", 2, readFile(t, "cms-211.cms")},
		{"peer's, encrypted and signed", 2, readFile(t, "cms-320.cms")},
		{"peer's, all three", 3, readFile(t, "cms-321.cms")},
	}
}

// quick is a recipient who decrypts each key once only: tests ask very often.
func quick(p party) Recipient {
	return Recipient{p.cert, &memory{Decrypter: p.key, known: map[string][]byte{}}}
}

type memory struct {
	crypto.Decrypter
	known map[string][]byte
}

func (m *memory) Decrypt(rand io.Reader, octets []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if key, ok := m.known[string(octets)]; ok {
		return bytes.Clone(key), nil
	}
	key, err := m.Decrypter.Decrypt(rand, octets, opts)
	m.known[string(octets)] = bytes.Clone(key)
	return key, err
}

// No proper prefix of a package is one.
func TestTruncated(t *testing.T) {
	t.Parallel()
	fox, alice, bob := readFile(t, "FOX.plain"), loadParty(t, "alice"), loadParty(t, "bob")
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			us := quick(bob)
			content, _, err := unwrapped(bytes.NewReader(s.octets), s.depth, us, known(alice))
			require.NoError(t, err)
			require.Equal(t, fox, content)
			for n := range s.octets {
				_, _, err := unwrapped(bytes.NewReader(s.octets[:n]), s.depth, us, known(alice))
				require.ErrorIs(t, err, Truncated, "%d of %d octets", n, len(s.octets))
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			}
		})
	}
}

// A flipped bit may go unnoticed where it says nothing, but never changes what
// is signed.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	fox := readFile(t, "FOX.plain")
	for _, s := range samples(t) {
		if !slices.Contains([]string{"signed", "signed DER", "peer's, signed and compressed"}, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			us, unnoticed := quick(bob), 0
			for i := range s.octets {
				packed := bytes.Clone(s.octets)
				for bit := range 8 {
					packed[i] = s.octets[i] ^ 1<<bit
					content, types, err := unwrapped(bytes.NewReader(packed), s.depth, us, known(alice))
					if err == nil && types[len(types)-1] == SignedData {
						unnoticed++
						require.Equal(t, fox, content, "bit %d of octet %d", bit, i)
					}
				}
			}
			t.Logf("%d of %d bits say nothing", unnoticed, 8*len(s.octets))
		})
	}
}

// Errors of what is below come as they are.
func TestBrokenDisk(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			us := quick(bob)
			for n := range len(s.octets) + 1 {
				disk := io.MultiReader(bytes.NewReader(s.octets[:n]), broken{})
				_, _, err := unwrapped(disk, s.depth, us, known(alice))
				require.ErrorIs(t, err, errBroken, "after %d octets", n)
				require.Zero(t, ReasonOf(err))
			}
		})
	}
}

// loosen turns DER into the loosest BER: indefinite lengths, strings in segments
// of segments, lengths with zeros in front.
func loosen(tb testing.TB, der []byte) (out []byte) {
	tb.Helper()
	for len(der) > 0 {
		s := newScanner(bytes.NewReader(der))
		h, err := s.header()
		require.NoError(tb, err)
		start, end := int(s.pos), int(s.pos+h.length)
		contents := der[start:end]
		switch {
		case h.id&constructed != 0:
			out = append(append(append(out, h.id, 0x80), loosen(tb, contents)...), 0, 0)
		case h.id == idOctetString || h.id == idContext0 && len(contents) > 40: // no key identifier
			out = append(append(append(out, h.id|constructed, 0x80), segmented(contents)...), 0, 0)
		default:
			out = append(append(out, h.id, 0x83, 0, byte(len(contents)>>8), byte(len(contents))), contents...)
		}
		der = der[end:]
	}
	return out
}

// segmented cuts octets into segments in segments, with empty ones between.
func segmented(octets []byte) (out []byte) {
	for len(octets) > 0 {
		n := min(len(octets), 7)
		segment := append([]byte{4, byte(n)}, octets[:n]...)
		out = append(out, 0x24, 0x80, 0x24, byte(len(segment)))
		out = append(append(out, segment...), 4, 0, 0, 0)
		octets = octets[n:]
	}
	return out
}

// Octets of one type of package, up to where the rest is hostile.
const (
	headData       = "30 80 06 09 2A864886F70D010701 A0 80"
	headSigned     = "30 80 06 09 2A864886F70D010702 A0 80 30 80 02 01 01"
	headEnveloped  = "30 80 06 09 2A864886F70D010703 A0 80 30 80 02 01 00"
	headCompressed = "30 80 06 0B 2A864886F70D0109100109 A0 80 30 80 02 01 00"
	zlibData       = "30 0D 06 0B 2A864886F70D0109100308 30 80 06 09 2A864886F70D010701"
	innerData      = "30 80 06 09 2A864886F70D010701 A0 80"
)

func TestMalformed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		octets string
		want   Reason
	}{
		"nothing":                  {"", Truncated},
		"text":                     {"48 65 6C 6C 6F", Malformed},
		"stray end":                {"00 00", Malformed},
		"high tag":                 {"3F 20 00", Malformed},
		"length of length":         {"30 89 01 01 01 01 01 01 01 01 01", Malformed},
		"2^63":                     {"30 88 80 00 00 00 00 00 00 00 06", Malformed},
		"cut length":               {"30 84 00", Truncated},
		"no name":                  {"30 80 02 01 01", Malformed},
		"bad name":                 {"30 80 06 01 80", Malformed},
		"no content":               {"30 80 06 09 2A864886F70D010701 00 00", Malformed},
		"unknown type":             {"30 80 06 03 2A0304 A0 80", Unsupported},
		"primitive indefinite":     {headData + "04 80 61 00 00", Malformed},
		"not octets":               {headData + "02 01 01", Malformed},
		"longer than outside":      {"30 10 06 09 2A864886F70D010701 A0 03 04 02 61 62", Malformed},
		"shorter than outside":     {"30 13 06 09 2A864886F70D010701 A0 03 04 01 61 05 00", Malformed},
		"foreign segment":          {headData + "24 80 02 01 61 00 00", Malformed},
		"deep segments":            {headData + strings.Repeat("24 80", 40), Malformed},
		"half an end":              {headData + "24 80 04 01 61 00 01", Malformed},
		"end in a definite one":    {headData + "24 06 04 01 61 00 00 00", Malformed},
		"more than content":        {headData + "04 01 61 04 01 62 00 00 00 00", Malformed},
		"version":                  {"30 80 06 09 2A864886F70D010702 A0 80 30 80 04 01 01", Malformed},
		"digests":                  {headSigned + "31 02 05 00", Malformed},
		"no inner name":            {headSigned + "31 00 30 80 05 00", Malformed},
		"endless inner name":       {headSigned + "31 00 30 80 06 83 20 00 00", TooLarge},
		"other compression":        {headCompressed + "30 05 06 03 2A0304", Unsupported},
		"compression of nothing":   {headCompressed + zlibData + "00 00", Unsupported},
		"compression without name": {headCompressed + "30 02 05 00", Malformed},
		"no zlib":                  {headCompressed + zlibData + "A0 80 04 02 61 62 00 00 00 00 00 00 00 00 00 00", CannotDecompress},
		"empty zlib":               {headCompressed + zlibData + "A0 80 04 00 00 00 00 00 00 00 00 00 00 00", CannotDecompress},
		"recipients":               {headEnveloped + "31 02 30 00", Malformed},
		"no recipients":            {headEnveloped + "30 00", Malformed},
		"other cipher":             {headEnveloped + "31 00" + "30 80 06 09 2A864886F70D010701 30 05 06 03 2A0304", Unsupported},
		"no cipher":                {headEnveloped + "31 00" + "30 80 06 09 2A864886F70D010701 30 02 05 00", Malformed},
		"cipher without IV":        {headEnveloped + "31 00" + "30 80 06 09 2A864886F70D010701 30 0B 06 09 60864801650304012A", Malformed},
		"no encrypted content":     {headEnveloped + "31 00" + "30 80 06 09 2A864886F70D010701 30 0D 06 09 60864801650304012A 04 00 00 00", Unsupported},
		"for nobody":               {headEnveloped + "A0 80 A0 00 00 00 31 00" + "30 80 06 09 2A864886F70D010701 30 0D 06 09 60864801650304012A 04 00 80 00 00 00", NotForUs},
	} {
		_, _, err := unwrapped(bytes.NewReader(unhex(t, row.octets)), 1, Recipient{}, VerifyOptions{})
		assert.Equal(t, row.want, ReasonOf(err), "%s: %v", name, err)
		assert.NotEmpty(t, row.want.Error())
	}
}

// repeated returns one piece again and again.
type repeated struct {
	piece []byte
	at    int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], r.piece[r.at:])
		n, r.at = n+k, (r.at+k)%len(r.piece)
	}
	return n, nil
}

// What has made other readers overflow their stack or their memory ends soon.
func TestEndless(t *testing.T) {
	t.Parallel()
	certificates := headSigned + "31 00" + innerData + "04 00 00 00 00 00 A0 80"
	for name, row := range map[string]struct {
		head, again string
		want        Reason
	}{
		"sequences":              {"", "30 80", Malformed},
		"certificates":           {certificates, "30 03 02 01 01", TooLarge},
		"nulls in a certificate": {certificates + "30 80", "05 00", TooLarge},
		"certificates, nested":   {certificates, "30 80", Malformed},
		"signers":                {certificates + "00 00 A1 02 05 00 31 80", "30 00", Malformed},
		"lists, nested":          {certificates + "00 00 A1 80", "30 80", Malformed},
		"digests":                {headSigned + "31 80", "30 05 06 03 2A0304", TooLarge},
		"recipients":             {headEnveloped + "31 80", "A1 00", TooLarge},
		"recipient":              {headEnveloped + "31 80 30 80", "04 02 61 62", TooLarge},
		"originator":             {headEnveloped + "A0 80", "A0 80", Malformed},
	} {
		stream := io.MultiReader(bytes.NewReader(unhex(t, row.head)), &repeated{piece: unhex(t, row.again)})
		_, _, err := unwrapped(stream, 1, Recipient{}, VerifyOptions{})
		assert.Equal(t, row.want, ReasonOf(err), "%s: %v", name, err)
	}
}

func TestDecompressLimit(t *testing.T) {
	t.Parallel()
	bomb := produce(t, make([]byte, 10<<20), compresses(9))
	require.Less(t, len(bomb), 20<<10)
	for limit, want := range map[int64]error{-1: nil, math.MaxInt64: nil, 10 << 20: nil, 10<<20 - 1: TooLarge, 1000: TooLarge, 0: TooLarge} {
		p, err := Open(bytes.NewReader(bomb))
		require.NoError(t, err)
		r, err := p.Decompress(limit)
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, r)
		require.ErrorIs(t, err, want, "limit %d", limit)
		if want != nil {
			assert.Equal(t, limit, n)
		}
	}
	p, err := Open(bytes.NewReader(produce(t, nil, compresses(1))))
	require.NoError(t, err)
	r, err := p.Decompress(0)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, r)
	require.NoError(t, err, "nothing is not too large")
}

func TestDamagedCompression(t *testing.T) {
	t.Parallel()
	packed := produce(t, longContent, compresses(6))
	for i := 60; i < len(packed)-20; i += 1 + len(packed)/200 {
		packed := bytes.Clone(packed)
		packed[i] ^= 0x10
		_, _, err := unwrapped(bytes.NewReader(packed), 1, Recipient{}, VerifyOptions{})
		require.Error(t, err, "octet %d", i)
	}
}

// A package is read once, as what it is.
func TestWrongReader(t *testing.T) {
	t.Parallel()
	_, bob := loadParty(t, "alice"), loadParty(t, "bob")
	p, err := Open(bytes.NewReader(readFile(t, "cms-001.cms")))
	require.NoError(t, err)
	_, err = p.Verify(VerifyOptions{})
	require.ErrorIs(t, err, Unsupported)
	_, err = p.Decrypt(bob.recipient())
	require.ErrorIs(t, err, Unsupported)
	_, err = p.Data()
	require.ErrorIs(t, err, Unsupported)
	r, err := p.Decompress(-1)
	require.NoError(t, err)
	_, err = p.Decompress(-1)
	require.ErrorIs(t, err, Unsupported)
	n, err := r.Read(nil)
	require.NoError(t, err)
	assert.Zero(t, n)
}
