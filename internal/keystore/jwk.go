package keystore

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// jwk has the members of a key (RFC 7517, section 4; RFC 7518, section 6;
// RFC 8037, section 2) and of a set of keys (RFC 7517, section 5).
type jwk struct {
	Type   string            `json:"kty"`
	ID     string            `json:"kid"`
	Curve  string            `json:"crv"`
	X      string            `json:"x"`
	Y      string            `json:"y"`
	N      string            `json:"n"`
	E      string            `json:"e"`
	D      string            `json:"d"`
	P      string            `json:"p"`
	Q      string            `json:"q"`
	DP     string            `json:"dp"`
	DQ     string            `json:"dq"`
	QI     string            `json:"qi"`
	Other  json.RawMessage   `json:"oth"`
	Chain  []string          `json:"x5c"`
	Keys   []json.RawMessage `json:"keys"`
	Cipher json.RawMessage   `json:"ciphertext"` // of an encrypted key, RFC 7516, section 7.2
}

// jwkTypes read a key of each type: the private key, or the public one.
var jwkTypes = map[string]func(*jwk) (crypto.Signer, crypto.PublicKey, error){
	"RSA": (*jwk).rsa,
	"EC":  (*jwk).ec,
	"OKP": (*jwk).okp,
}

// jwkCurves are those of RFC 7518, section 6.2.1.1.
var jwkCurves = map[string]elliptic.Curve{
	"P-256": elliptic.P256(),
	"P-384": elliptic.P384(),
	"P-521": elliptic.P521(),
}

// unsupportedError is a key that is of a kind that this package does not read;
// in a set it is passed over (RFC 7517, section 5).
type unsupportedError string

func (e unsupportedError) Error() string { return string(e) }

// JWK reads a JSON Web Key or a set of them: RSA, EC with the curves P-256,
// P-384 and P-521, Ed25519, and the certificates in x5c. It uses no password.
func JWK(data []byte, _ Passwords) (Contents, error) {
	text, err := trimText(data)
	if err != nil {
		return Contents{}, err
	}
	var c Contents
	key, err := parseJWK(text)
	switch {
	case err == nil && key.Keys != nil:
		err = c.addSet(key.Keys)
	case err == nil:
		err = c.addJWK(key)
	}
	if err != nil {
		return Contents{}, fmt.Errorf("JSON Web Key: %w", err)
	}
	return c, nil
}

// parseJWK reads the members of one JSON object. The errors of encoding/json
// may hold a part of the text, and so of a key: only the position is taken.
func parseJWK(text []byte) (*jwk, error) {
	key := &jwk{}
	err := json.Unmarshal(text, key)
	var syntax *json.SyntaxError
	var member *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("not JSON: octet %d is wrong, or the text ends there", syntax.Offset)
	case errors.As(err, &member):
		return nil, fmt.Errorf("the member before octet %d has a value of the wrong type", member.Offset)
	case err != nil:
		return nil, errors.New("not JSON")
	}
	return key, nil
}

// addSet adds the keys of a set, except those of an unsupported kind.
func (c *Contents) addSet(keys []json.RawMessage) error {
	var skipped error
	added := false
	for i, text := range keys {
		key, err := parseJWK(text)
		if err == nil {
			err = c.addJWK(key)
		}
		var unsupported unsupportedError
		switch {
		case errors.As(err, &unsupported):
			skipped = err
		case err != nil:
			return fmt.Errorf("key %d of the set: %w", i+1, err)
		default:
			added = true
		}
	}
	switch {
	case !added && skipped != nil:
		return fmt.Errorf("none of the %d keys of the set can be used: %w", len(keys), skipped)
	case !added:
		return errors.New("the set has no keys")
	}
	return nil
}

// addJWK adds a key and its certificates; errors name the key.
func (c *Contents) addJWK(k *jwk) error {
	err := c.addParts(k)
	if err != nil && k.ID != "" {
		return fmt.Errorf("%w (kid %.40q)", err, k.ID)
	}
	return err
}

// addParts adds a key and its certificates. A public key that has a certificate
// does not stand alone.
func (c *Contents) addParts(k *jwk) error {
	private, public, err := k.key()
	if err != nil {
		return err
	}
	if err := c.addChain(k.Chain, public); err != nil {
		return err
	}
	switch {
	case private != nil:
		return c.AddKey(private)
	case len(k.Chain) == 0:
		return c.AddPublicKey(public)
	}
	return nil
}

// addChain adds the certificates of x5c (RFC 7517, section 4.7), the first of
// which is that of the key.
func (c *Contents) addChain(chain []string, public crypto.PublicKey) error {
	for i, text := range chain {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("certificate %d in x5c: %w", i+1, err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("certificate %d in x5c: %w", i+1, err)
		}
		if i == 0 && !samePublic(cert.PublicKey, public) {
			return errors.New("the first certificate in x5c is that of another key")
		}
		if err := c.AddCertificate(der); err != nil {
			return err
		}
	}
	return nil
}

// key returns the private key, or nil, and the public one.
func (k *jwk) key() (crypto.Signer, crypto.PublicKey, error) {
	read, ok := jwkTypes[k.Type]
	switch {
	case ok:
		return read(k)
	case k.Type == "oct":
		return nil, nil, unsupportedError("a secret key (kty oct) is not supported: expected RSA, EC or OKP")
	case k.Cipher != nil:
		return nil, nil, unsupportedError("an encrypted key (JWE) is not supported: decrypt it first")
	case k.Type == "":
		return nil, nil, errors.New("the key type is missing (kty), and there is no set (keys)")
	}
	return nil, nil, unsupportedError(fmt.Sprintf("key type (kty) %.20q is not supported: expected RSA, EC or OKP", k.Type))
}

func (k *jwk) rsa() (crypto.Signer, crypto.PublicKey, error) {
	if k.Other != nil {
		return nil, nil, unsupportedError("an RSA key of more than two primes (oth) is not supported")
	}
	values := base64Reader{encoding: base64.RawURLEncoding}
	numbers := rsaNumbers{
		n: values.number("n", k.N), e: values.number("e", k.E), d: values.number("d", k.D),
		p: values.number("p", k.P), q: values.number("q", k.Q),
		dp: values.number("dp", k.DP), dq: values.number("dq", k.DQ), inv: values.number("qi", k.QI),
	}
	if values.err != nil {
		return nil, nil, values.err
	}
	return numbers.either()
}

func (k *jwk) ec() (crypto.Signer, crypto.PublicKey, error) {
	curve, ok := jwkCurves[k.Curve]
	if !ok {
		return nil, nil, unsupportedError(fmt.Sprintf("curve (crv) %.20q is not supported: expected P-256, P-384 or P-521", k.Curve))
	}
	values := base64Reader{encoding: base64.RawURLEncoding}
	x, y, d := values.octets("x", k.X), values.octets("y", k.Y), values.number("d", k.D)
	if values.err != nil {
		return nil, nil, values.err
	}
	size := (curve.Params().BitSize + 7) / 8
	if max(len(x), len(y)) > size || min(len(x), len(y)) == 0 {
		return nil, nil, fmt.Errorf("EC key: x and y have %d and %d octets: expected %d", len(x), len(y), size)
	}
	// Some programs leave zeros out, against RFC 7518, section 6.2.1.2.
	point := make([]byte, 1+2*size)
	point[0] = 4
	copy(point[1+size-len(x):], x)
	copy(point[1+2*size-len(y):], y)
	public, err := ecdsaPublic(curve, point)
	if err != nil || d == nil {
		return nil, public, err
	}
	key, err := ecdsaPrivate(public, d)
	return key, public, err
}

func (k *jwk) okp() (crypto.Signer, crypto.PublicKey, error) {
	if k.Curve != "Ed25519" {
		return nil, nil, unsupportedError(fmt.Sprintf("curve (crv) %.20q is not supported: expected Ed25519", k.Curve))
	}
	values := base64Reader{encoding: base64.RawURLEncoding}
	x, d := values.octets("x", k.X), values.octets("d", k.D)
	if values.err != nil {
		return nil, nil, values.err
	}
	public, err := ed25519Public(x)
	if err != nil || k.D == "" {
		return nil, public, err
	}
	key, err := ed25519Private(public, d)
	return key, public, err
}
