package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The marks of RFC 4716, section 3.2.
const (
	beginSSH2 = "---- BEGIN SSH2 PUBLIC KEY ----"
	endSSH2   = "---- END SSH2 PUBLIC KEY ----"
)

// sshTypes are the key types that are read (RFC 4253, section 6.6; RFC 5656,
// section 3; RFC 8709, section 3).
var sshTypes = []string{
	ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoED25519,
}

// sshRefusals say of other types, by a part of the name, what they are.
var sshRefusals = []struct{ part, what string }{
	{"-cert-v", "an OpenSSH certificate is not supported: give the key without it"},
	{"sk-", "a key on a security token (FIDO) is not supported"},
	{"ssh-dss", "a DSA key is not supported: make an RSA, ECDSA or Ed25519 key"},
	{"ssh-ed448", "an Ed448 key is not supported: make an Ed25519 key"},
}

// SSHPublic reads the public keys of SSH: lines as OpenSSH writes them, among
// them authorized_keys with options, comments and empty lines, and the blocks
// of RFC 4716. Options and comments have no effect. It uses no password.
func SSHPublic(data []byte, _ Passwords) (Contents, error) {
	text, err := trimText(data)
	if err != nil {
		return Contents{}, err
	}
	var c Contents
	lines := lineReader{rest: text}
	for line, ok := lines.next(); ok; line, ok = lines.next() {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		start := lines.number
		key, err := readSSHPublic(string(line), &lines)
		if err != nil {
			return Contents{}, fmt.Errorf("SSH public key in line %d: %w", start, err)
		}
		if err := c.AddPublicKey(key); err != nil {
			return Contents{}, err
		}
	}
	if len(c.PublicKeys) == 0 {
		return Contents{}, errors.New("there is no SSH public key in it: expected a line such as \"ssh-ed25519 AAAA...\" or a block of RFC 4716")
	}
	return c, nil
}

// readSSHPublic reads the key that a line is or begins.
func readSSHPublic(line string, lines *lineReader) (crypto.PublicKey, error) {
	switch {
	case line == beginSSH2:
		return readRFC4716(lines)
	case strings.HasPrefix(line, "----"):
		return nil, errors.New("a block of another kind: expected " + beginSSH2)
	}
	return readSSHLine(line)
}

// readSSHLine reads "[options] type base64 [comment]".
func readSSHLine(line string) (crypto.PublicKey, error) {
	if !isSSHType(line) {
		line = skipOptions(line)
	}
	fields := strings.Fields(line)
	if len(fields) < 2 || !isSSHType(fields[0]) {
		return nil, errors.New("expected a key type such as ssh-ed25519, then the key in base64")
	}
	if err := checkSSHType(fields[0]); err != nil {
		return nil, err
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return nil, err
	}
	name, key, err := parseSSHKey(blob)
	if err == nil && name != fields[0] {
		err = fmt.Errorf("the line says %s, the key says %s", fields[0], name)
	}
	return key, err
}

// isSSHType tells a line or field that starts with a key type from options.
func isSSHType(s string) bool {
	return strings.HasPrefix(s, "ssh-") || strings.HasPrefix(s, "ecdsa-") || strings.HasPrefix(s, "sk-")
}

// skipOptions returns what follows the options in front of a key. They end at
// white space that is not between quotation marks.
func skipOptions(line string) string {
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"' && (i == 0 || line[i-1] != '\\'):
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			return strings.TrimLeft(line[i:], " \t")
		}
	}
	return ""
}

// readRFC4716 reads the rest of a block: headers, whose last line is the one
// that does not end in a backslash, then the key in base64.
func readRFC4716(lines *lineReader) (crypto.PublicKey, error) {
	var body []byte
	continued := false
	for line, ok := lines.next(); ok; line, ok = lines.next() {
		line = bytes.TrimSpace(line)
		switch {
		case string(line) == endSSH2:
			blob, err := base64.StdEncoding.AppendDecode(nil, body)
			if err != nil {
				return nil, err
			}
			_, key, err := parseSSHKey(blob)
			return key, err
		case continued || len(body) == 0 && bytes.ContainsRune(line, ':'):
			continued = bytes.HasSuffix(line, []byte(`\`))
		default:
			body = append(body, line...)
		}
	}
	return nil, errors.New("the block has no end: expected " + endSSH2)
}

// parseSSHKey reads a public key in the form of RFC 4253, section 6.6, and
// returns its type as well.
func parseSSHKey(blob []byte) (string, crypto.PublicKey, error) {
	if len(blob) > maxKey {
		return "", nil, fmt.Errorf("key larger than the limit of %d KiB", maxKey>>10)
	}
	var head struct {
		Type string
		Rest []byte `ssh:"rest"`
	}
	if err := ssh.Unmarshal(blob, &head); err != nil {
		return "", nil, err
	}
	if err := checkSSHType(head.Type); err != nil {
		return "", nil, err
	}
	parsed, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return "", nil, err
	}
	key := parsed.(ssh.CryptoPublicKey).CryptoPublicKey()
	if k, ok := key.(*rsa.PublicKey); ok {
		// The modulus can be negative up to here.
		key, err = rsaNumbers{n: k.N, e: big.NewInt(int64(k.E))}.public()
	}
	return head.Type, key, err
}

// checkSSHType refuses a type by what it is.
func checkSSHType(name string) error {
	if slices.Contains(sshTypes, name) {
		return nil
	}
	for _, r := range sshRefusals {
		if strings.Contains(name, r.part) {
			return fmt.Errorf("%s (%.60q)", r.what, name)
		}
	}
	return fmt.Errorf("key type %.60q is not supported, only RSA, ECDSA and Ed25519 are", name)
}

// sshSecrets are the private numbers of one key of SSH; which of them there
// are depends on the type.
type sshSecrets struct {
	D, P, Q, Inv *big.Int
	Seed         []byte
}

// join makes a private key of a public key and the numbers that belong to it.
func (s sshSecrets) join(public crypto.PublicKey) (crypto.Signer, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsaNumbers{n: public.N, e: big.NewInt(int64(public.E)), d: s.D, p: s.P, q: s.Q, inv: s.Inv}.private()
	case *ecdsa.PublicKey:
		return ecdsaPrivate(public, s.D)
	case ed25519.PublicKey:
		return ed25519Private(public, s.Seed)
	}
	return nil, fmt.Errorf("a key of type %T has no private form here", public)
}
