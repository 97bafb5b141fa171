package cms

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openssl runs `openssl cms` for two parties, whose files it has.
type openssl struct {
	program    string
	dir        string
	alice, bob party
	curve      Signer
}

func newOpenSSL(t *testing.T) *openssl {
	o := &openssl{program: needs.Program(t, "openssl"), dir: t.TempDir(), alice: loadParty(t, "alice"), bob: loadParty(t, "bob")}
	o.curve = ecdsaSigner(t, "curve", elliptic.P256())
	for name, s := range map[string]Signer{"alice": o.alice.signer(), "bob": o.bob.signer(), "curve": o.curve} {
		certFile(t, o.dir, name+".crt", s.Certificate)
		keyFile(t, o.dir, name+".key", s.Key)
	}
	return o
}

// cms runs the command with options separated by spaces; @ stands for the
// folder of the certificates and keys.
func (o *openssl) cms(t *testing.T, stdin []byte, options string) []byte {
	t.Helper()
	args := strings.Fields(strings.ReplaceAll(options, "@", o.dir+"/"))
	return run(t, bytes.NewReader(stdin), o.program, append([]string{"cms", "-binary"}, args...)...)
}

// longContent is several segments long, and no whole number of blocks.
var longContent = bytes.Repeat([]byte("UNB+UNOA:1+O0055CLIENT+O0055SERVER'\r\n"), 6000)

func contents() map[string][]byte {
	return map[string][]byte{"empty": {}, "short": []byte("FOX"), "one segment": longContent[:segmentSize], "long": longContent}
}

func TestOpenSSLReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	for number := 1; number <= 10; number++ {
		for _, definite := range []bool{false, true} {
			for name, content := range contents() {
				if name != "long" && number != 1 && number != 4 {
					continue
				}
				t.Run(fmt.Sprint(number, definite, name), func(t *testing.T) {
					t.Parallel()
					s := suite(t, number)
					size := int64(len(content))
					sign := SignOptions{Suite: s, Signers: []Signer{o.alice.signer()}, Definite: definite, Size: size}
					encrypt := EncryptOptions{Suite: s, Recipients: []*x509.Certificate{o.bob.cert}, Definite: definite, Size: size}

					signed := produce(t, content, signs(sign))
					assert.Equal(t, string(content), string(o.cms(t, signed, "-verify -inform DER -noverify -certfile @alice.crt")))
					encrypted := produce(t, content, encrypts(encrypt))
					assert.Equal(t, string(content), string(o.cms(t, encrypted, "-decrypt -inform DER -recip @bob.crt -inkey @bob.key")))
				})
			}
		}
	}
}

func TestOpenSSLReadsWhatWeWriteOtherwise(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	fox := readFile(t, "FOX.plain")
	path := write(t, o.dir, "fox", fox)
	s := suite(t, 4)

	t.Run("detached", func(t *testing.T) {
		t.Parallel()
		signed := produce(t, fox, signs(SignOptions{Suite: s, Signers: []Signer{o.alice.signer()}, Detached: true}))
		assert.Equal(t, fox, o.cms(t, signed, "-verify -inform DER -noverify -certfile @alice.crt -content "+path))
	})
	t.Run("two signers, one with ECDSA, and certificates", func(t *testing.T) {
		t.Parallel()
		signed := produce(t, fox, signs(SignOptions{
			Suite: s, Signers: []Signer{o.alice.signer(), o.curve},
			Certificates: []*x509.Certificate{o.alice.cert, o.curve.Certificate},
		}))
		assert.Equal(t, fox, o.cms(t, signed, "-verify -inform DER -noverify"))
	})
	t.Run("two recipients", func(t *testing.T) {
		t.Parallel()
		encrypted := produce(t, fox, encrypts(EncryptOptions{Suite: s, Recipients: []*x509.Certificate{o.alice.cert, o.bob.cert}}))
		for _, name := range []string{"alice", "bob"} {
			assert.Equal(t, fox, o.cms(t, encrypted, "-decrypt -inform DER -recip @"+name+".crt -inkey @"+name+".key"))
		}
	})
	t.Run("receipts and challenges", func(t *testing.T) {
		t.Parallel()
		for _, signer := range []Signer{o.alice.signer(), o.curve} {
			signed, err := SignBytes(fox, SignOptions{Suite: s, Signers: []Signer{signer}, Certificates: []*x509.Certificate{signer.Certificate}})
			require.NoError(t, err)
			assert.Equal(t, fox, o.cms(t, signed, "-verify -inform DER -noverify"))
		}
		challenge, err := EncryptBytes(fox[:20], EncryptOptions{Suite: s, Recipients: []*x509.Certificate{o.bob.cert}})
		require.NoError(t, err)
		assert.Equal(t, fox[:20], o.cms(t, challenge, "-decrypt -inform DER -recip @bob.crt -inkey @bob.key"))
	})
}

// foreignSigned are ways in which openssl signs. They are tried with and without
// -stream, which OpenSSL 3.0 cannot do together with PSS.
var foreignSigned = []string{
	"-nocerts -md sha1",
	"-nocerts -md sha224",
	"-nocerts -md sha256",
	"-nocerts -md sha384",
	"-nocerts -md sha512",
	"-nocerts -md sha3-256",
	"-nocerts -md sha3-384",
	"-nocerts -md sha3-512",
	"-nocerts -noattr",
	"-nocerts -keyid",
	"-certfile @bob.crt",
	"-nocerts -keyopt rsa_padding_mode:pss",
	"-nocerts -md sha512 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20",
	"-nocerts -md sha1 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest",
	"-nocerts -receipt_request_to a@b.c", // more attributes
	"-signer @bob.crt -inkey @bob.key",
}

func TestWeReadWhatOpenSSLSigns(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	path := write(t, o.dir, "long", longContent)
	for _, options := range foreignSigned {
		for _, stream := range []string{"-stream", "-noindef"} {
			t.Run(options+stream, func(t *testing.T) {
				t.Parallel()
				if strings.Contains(options, "pss") {
					stream = "-noindef"
				}
				// The key options belong to the signer before them.
				command := "-sign -outform DER -signer @alice.crt -inkey @alice.key " + stream + " " + options
				attached := o.cms(t, longContent, command+" -nodetach")
				content, _, err := unwrapped(bytes.NewReader(attached), 1, Recipient{}, known(o.alice, o.bob))
				require.NoError(t, err)
				assert.True(t, bytes.Equal(longContent, content))

				detached := o.cms(t, longContent, command)
				signatures, err := VerifyBytes(detached, longContent, known(o.alice, o.bob))
				require.NoError(t, err)
				assert.Equal(t, o.alice.cert, signatures[len(signatures)-1].Certificate)
				_, err = VerifyBytes(detached, longContent[1:], known(o.alice, o.bob))
				require.ErrorIs(t, err, BadSignature)
			})
		}
	}
	t.Run("ECDSA", func(t *testing.T) {
		t.Parallel()
		for _, md := range []string{"sha1", "sha256", "sha384", "sha512"} {
			signed := o.cms(t, nil, "-sign -in "+path+" -outform DER -nocerts -nodetach -signer @curve.crt -inkey @curve.key -md "+md)
			content, _, err := unwrapped(bytes.NewReader(signed), 1, Recipient{}, VerifyOptions{Certificates: []*x509.Certificate{o.curve.Certificate}})
			require.NoError(t, err, md)
			assert.True(t, bytes.Equal(longContent, content))
		}
	})
}

func TestWeReadWhatOpenSSLEncrypts(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	for _, c := range []struct {
		option string
		want   Cipher
	}{{"-des3", TripleDES}, {"-aes128", AES128}, {"-aes192", AES192}, {"-aes256", AES256}} {
		for _, options := range []string{
			"-recip @bob.crt",
			"-keyid -recip @bob.crt",
			"-recip @alice.crt -recip @curve.crt -recip @bob.crt", // the second agrees on a key
			"-recip @bob.crt -keyopt rsa_padding_mode:oaep",
			"-recip @bob.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
			"-recip @bob.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha512 -keyopt rsa_mgf1_md:sha1 -keyopt rsa_oaep_label:0102",
		} {
			for _, stream := range []string{"-stream", "-noindef"} {
				for name, content := range contents() {
					if name != "long" && options != "-recip @bob.crt" {
						continue
					}
					t.Run(c.option+options+stream+name, func(t *testing.T) {
						t.Parallel()
						encrypted := o.cms(t, content, "-encrypt -outform DER "+c.option+" "+stream+" "+options)
						p, err := Open(bytes.NewReader(encrypted))
						require.NoError(t, err)
						assert.Equal(t, c.want, p.Cipher)
						assert.Equal(t, EnvelopedData, p.Type)
						assert.Equal(t, Data, p.Inner)
						r, err := p.Decrypt(Recipient{o.curve.Certificate, nil}, o.bob.recipient())
						require.NoError(t, err)
						got, err := io.ReadAll(r)
						require.NoError(t, err)
						assert.True(t, bytes.Equal(content, got))
					})
				}
			}
		}
	}
}

func TestWeReadDataOfOpenSSL(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	for _, stream := range []string{"-stream", "-noindef"} {
		packed := o.cms(t, longContent, "-data_create -outform DER "+stream)
		content, types, err := unwrapped(bytes.NewReader(packed), 1, Recipient{}, VerifyOptions{})
		require.NoError(t, err)
		assert.Equal(t, []ContentType{Data}, types)
		assert.True(t, bytes.Equal(longContent, content))
	}
	digested := o.cms(t, longContent, "-digest_create -outform DER -md sha256")
	_, err := Open(bytes.NewReader(digested))
	require.ErrorIs(t, err, Unsupported)
	aead := o.cms(t, longContent, "-encrypt -aes-256-gcm -outform DER -recip @bob.crt")
	_, err = Open(bytes.NewReader(aead))
	require.ErrorIs(t, err, Unsupported)
}

// What goes through both ways round, and what is inside of it.
func TestOpenSSLOpensAChain(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	s := suite(t, 4)
	chain := produce(t, longContent,
		encrypts(EncryptOptions{Suite: s, Recipients: []*x509.Certificate{o.bob.cert}}),
		signs(SignOptions{Suite: s, Signers: []Signer{o.alice.signer()}}))
	signed := o.cms(t, chain, "-decrypt -inform DER -recip @bob.crt -inkey @bob.key")
	assert.True(t, bytes.Equal(longContent, o.cms(t, signed, "-verify -inform DER -noverify -certfile @alice.crt")))

	theirs := o.cms(t, longContent, "-sign -nodetach -nocerts -outform DER -signer @alice.crt -inkey @alice.key -stream")
	theirs = o.cms(t, theirs, "-encrypt -outform DER -stream -aes256 -recip @bob.crt")
	content, types, err := unwrapped(bytes.NewReader(theirs), 2, o.bob.recipient(), known(o.alice))
	require.NoError(t, err)
	assert.True(t, slices.Equal([]ContentType{EnvelopedData, SignedData}, types))
	assert.True(t, bytes.Equal(longContent, content))
}
