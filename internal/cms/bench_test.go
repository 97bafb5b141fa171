package cms

import (
	"bytes"
	"compress/zlib"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/require"
)

const benchSize = 64 << 20

// benchContent is random, as compressed CAD files are.
func benchContent() []byte {
	b := make([]byte, benchSize)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// Signing and encrypting with suite 04, and back.
func BenchmarkWrite(b *testing.B) {
	alice, bob := loadParty(b, "alice"), loadParty(b, "bob")
	content := benchContent()
	sign := signs(SignOptions{Suite: suite(b, 4), Signers: []Signer{alice.signer()}})
	encrypt := encrypts(EncryptOptions{Suite: suite(b, 4), Recipients: []*x509.Certificate{bob.cert}})
	for name, chain := range map[string][]func(io.Writer) (io.WriteCloser, error){
		"sign": {sign}, "encrypt": {encrypt}, "sign+encrypt": {encrypt, sign}, "sign+compress+encrypt": {encrypt, compresses(DefaultLevel), sign},
	} {
		content := content
		if strings.Contains(name, "compress") {
			content = bytes.Repeat(longContent, len(content)/len(longContent))
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				var w io.Writer = io.Discard
				var closers []io.Closer
				for _, next := range chain {
					c, err := next(w)
					require.NoError(b, err)
					w, closers = c, append([]io.Closer{c}, closers...)
				}
				_, err := io.CopyBuffer(w, struct{ io.Reader }{bytes.NewReader(content)}, make([]byte, 64<<10))
				require.NoError(b, err)
				for _, c := range closers {
					require.NoError(b, c.Close())
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	alice, bob := loadParty(b, "alice"), loadParty(b, "bob")
	content := benchContent()
	sign := signs(SignOptions{Suite: suite(b, 4), Signers: []Signer{alice.signer()}})
	encrypt := encrypts(EncryptOptions{Suite: suite(b, 4), Recipients: []*x509.Certificate{bob.cert}})
	for name, chain := range map[string][]func(io.Writer) (io.WriteCloser, error){
		"verify": {sign}, "decrypt": {encrypt}, "decrypt+verify": {encrypt, sign}, "decrypt+decompress+verify": {encrypt, compresses(DefaultLevel), sign},
	} {
		content := content
		if strings.Contains(name, "decompress") {
			content = bytes.Repeat(longContent, len(content)/len(longContent))
		}
		packed := produce(b, content, chain...)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				var r io.Reader = bytes.NewReader(packed)
				for range chain {
					p, err := Open(r)
					require.NoError(b, err)
					r, err = readAny(p, benchSize, bob.recipient(), known(alice))
					require.NoError(b, err)
				}
				n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 64<<10))
				require.NoError(b, err)
				require.EqualValues(b, len(content), n)
			}
		})
	}
}

// The same by openssl, whose two programs use two cores.
func BenchmarkOpenSSL(b *testing.B) {
	program := needs.Program(b, "openssl")
	sh := needs.Program(b, "sh")
	alice, bob := loadParty(b, "alice"), loadParty(b, "bob")
	dir := b.TempDir()
	certFile(b, dir, "alice.crt", alice.cert)
	certFile(b, dir, "bob.crt", bob.cert)
	keyFile(b, dir, "alice.key", alice.key)
	keyFile(b, dir, "bob.key", bob.key)
	write(b, dir, "content", benchContent())
	sign := "openssl cms -sign -stream -nodetach -nocerts -binary -outform DER -signer @alice.crt -inkey @alice.key"
	encrypt := "openssl cms -encrypt -stream -binary -outform DER -aes256 -recip @bob.crt"
	decrypt := "openssl cms -decrypt -binary -inform DER -recip @bob.crt -inkey @bob.key"
	verify := "openssl cms -verify -binary -inform DER -noverify -certfile @alice.crt"
	at := func(command string) string {
		command = strings.ReplaceAll(command, "openssl", program)
		return strings.ReplaceAll(command, "@", filepath.ToSlash(dir)+"/")
	}
	run(b, nil, sh, "-c", at(sign+" -in @content | "+encrypt+" > @packed"))
	for _, row := range []struct{ name, command string }{
		{"sign", sign + " -in @content"},
		{"encrypt", encrypt + " -in @content"},
		{"sign+encrypt", sign + " -in @content | " + encrypt},
		{"decrypt+verify", decrypt + " -in @packed | " + verify},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(benchSize)
			for b.Loop() {
				run(b, nil, sh, "-c", at(row.command+" > /dev/null"))
			}
		})
	}
}

// Why klauspost/compress: zlib of the standard library on the same text.
func BenchmarkDeflate(b *testing.B) {
	text := callOffs(16 << 20)
	for _, level := range []int{1, 6, 9} {
		for name, begin := range map[string]func(io.Writer, int) (io.WriteCloser, error){
			"ours":     func(w io.Writer, level int) (io.WriteCloser, error) { return Compress(w, level) },
			"standard": func(w io.Writer, level int) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, level) },
		} {
			b.Run(fmt.Sprintf("%s/level=%d", name, level), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				var n counter
				for b.Loop() {
					n = 0
					w, err := begin(&n, level)
					require.NoError(b, err)
					_, err = w.Write(text)
					require.NoError(b, err)
					require.NoError(b, w.Close())
				}
				b.ReportMetric(float64(len(text))/float64(n), "ratio")
			})
		}
	}
}

// counter counts the octets written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// callOffs is text as EDI has it: a few words again and again, with numbers.
func callOffs(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "LIN+%d++%08d:IN'\r\nQTY+113:%d:PCE'\r\nDTM+2:2026%02d%02d:102'\r\nLOC+11+DOCK%d'\r\n",
			r.IntN(1000), r.IntN(1e8), r.IntN(5000), 1+r.IntN(12), 1+r.IntN(28), r.IntN(40))
	}
	return b.Bytes()[:size]
}
