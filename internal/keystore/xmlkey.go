package keystore

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
)

// Limits of one document; keys stand six levels deep in a signature.
const (
	maxXMLDepth  = 32
	maxXMLFields = 16 // children of one key
)

// xmlCurves are the named curves of RFC 5480, section 2.1.1.1.
var xmlCurves = map[string]elliptic.Curve{
	"urn:oid:1.2.840.10045.3.1.7": elliptic.P256(),
	"urn:oid:1.3.132.0.34":        elliptic.P384(),
	"urn:oid:1.3.132.0.35":        elliptic.P521(),
}

// xmlKeys read the children of an element that is a key: the private key, or
// the public one.
var xmlKeys = map[string]func(xmlFields) (crypto.Signer, crypto.PublicKey, error){
	"RSAKeyValue": xmlFields.rsa,
	"ECKeyValue":  xmlFields.ec,
}

// xmlRefusals are elements that hold keys of other kinds.
var xmlRefusals = map[string]string{
	"DSAKeyValue":   "a DSA key is not supported: expected RSAKeyValue or ECKeyValue",
	"ECDSAKeyValue": "the EC key of RFC 4050 is not supported: expected ECKeyValue of XML Signature 1.1",
	"ECParameters":  "an EC key with explicit parameters is not supported: expected NamedCurve",
}

// XML reads RSAKeyValue, with the private elements of .NET as well, ECKeyValue
// and X509Certificate, wherever they stand in a document: alone, or in the
// KeyInfo of an XML signature (XML Signature 1.1, section 4.5). Namespaces do
// not matter. It uses no password.
func XML(data []byte, _ Passwords) (Contents, error) {
	text, err := trimText(data)
	if err != nil {
		return Contents{}, err
	}
	r := xmlReader{decoder: xml.NewDecoder(bytes.NewReader(text))}
	r.decoder.CharsetReader = refuseCharset
	var whole xmlGroup
	if err := r.children(&whole, 0); err != nil {
		return Contents{}, r.locate(err)
	}
	if err := r.addPublicKeys(whole.publics); err != nil {
		return Contents{}, err
	}
	if len(r.Certificates)+len(r.Keys)+len(r.PublicKeys) == 0 {
		return Contents{}, errors.New("there is no RSAKeyValue, ECKeyValue or X509Certificate in it")
	}
	return r.Contents, nil
}

// errCharset is a declared encoding other than UTF-8.
var errCharset = errors.New("its encoding is not UTF-8: save it as UTF-8")

func refuseCharset(string, io.Reader) (io.Reader, error) { return nil, errCharset }

// xmlReader walks through one document.
type xmlReader struct {
	Contents
	decoder *xml.Decoder
}

// xmlGroup has the public keys of everything in one KeyInfo, or outside of all.
type xmlGroup struct {
	certs    []crypto.PublicKey
	privates []crypto.PublicKey
	publics  []crypto.PublicKey // not yet added to the contents
}

// locate says where an error is. What encoding/xml says may quote the text,
// and so a key: it is left out.
func (r *xmlReader) locate(err error) error {
	line, _ := r.decoder.InputPos()
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, errCharset):
		err = errCharset
	case errors.As(err, &syntax):
		err = errors.New("not well-formed XML, or the text ends there")
	}
	return fmt.Errorf("XML, line %d: %w", line, err)
}

// children reads up to the end of the element that has begun, or of the text.
func (r *xmlReader) children(group *xmlGroup, depth int) error {
	if depth > maxXMLDepth {
		return fmt.Errorf("elements nested deeper than %d", maxXMLDepth)
	}
	for {
		token, err := r.decoder.Token()
		switch {
		case err == io.EOF && depth == 0: // the decoder has seen every end
			return nil
		case err != nil:
			return err
		}
		switch token := token.(type) {
		case xml.Directive:
			return errors.New("a document type (<!DOCTYPE) is not supported: remove it")
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := r.child(token, group, depth); err != nil {
				return err
			}
		}
	}
}

// child reads one element.
func (r *xmlReader) child(start xml.StartElement, group *xmlGroup, depth int) error {
	name := start.Name.Local
	if why, ok := xmlRefusals[name]; ok {
		return errors.New(why)
	}
	if read, ok := xmlKeys[name]; ok {
		return r.key(group, name, read)
	}
	switch name {
	case "X509Certificate":
		return r.certificate(group)
	case "KeyInfo":
		var inner xmlGroup
		if err := r.children(&inner, depth+1); err != nil {
			return err
		}
		return r.closeKeyInfo(inner)
	}
	return r.children(group, depth+1)
}

// closeKeyInfo checks that everything in a KeyInfo is about one key, as XML
// Signature 1.1, section 4.5 says: keys have their certificate there, if there
// are any. A public key that has does not stand alone.
func (r *xmlReader) closeKeyInfo(group xmlGroup) error {
	if len(group.certs) == 0 {
		return r.addPublicKeys(group.publics)
	}
	for _, key := range slices.Concat(group.privates, group.publics) {
		own := func(cert crypto.PublicKey) bool { return samePublic(cert, key) }
		if !slices.ContainsFunc(group.certs, own) {
			return errors.New("the key and the certificates of a KeyInfo do not belong together")
		}
	}
	return nil
}

func (r *xmlReader) addPublicKeys(keys []crypto.PublicKey) error {
	for _, key := range keys {
		if err := r.AddPublicKey(key); err != nil {
			return err
		}
	}
	return nil
}

func (r *xmlReader) certificate(group *xmlGroup) error {
	text, err := r.text()
	if err != nil {
		return err
	}
	values := base64Reader{encoding: base64.RawStdEncoding}
	der := values.octets("X509Certificate", text)
	if values.err != nil {
		return values.err
	}
	if err := r.AddCertificate(der); err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(der)
	if err == nil {
		group.certs = append(group.certs, cert.PublicKey)
	}
	return err
}

func (r *xmlReader) key(group *xmlGroup, name string, read func(xmlFields) (crypto.Signer, crypto.PublicKey, error)) error {
	fields, err := r.fields()
	if err != nil {
		return err
	}
	private, public, err := read(fields)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case private != nil:
		group.privates = append(group.privates, public)
		return r.AddKey(private)
	}
	group.publics = append(group.publics, public)
	return nil
}

// xmlFields are the children of a key: their text, or the URI that they name.
type xmlFields map[string]string

// fields reads the children of the element that has begun, and its end.
func (r *xmlReader) fields() (xmlFields, error) {
	fields := xmlFields{}
	for {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return fields, nil
		case xml.StartElement:
			name := token.Name.Local
			if why, ok := xmlRefusals[name]; ok {
				return nil, errors.New(why)
			}
			if _, twice := fields[name]; twice || len(fields) >= maxXMLFields {
				return nil, fmt.Errorf("a key with two elements %.40q, or with more than %d", name, maxXMLFields)
			}
			text, err := r.text()
			if err != nil {
				return nil, err
			}
			fields[name] = text
			for _, attribute := range token.Attr {
				if attribute.Name.Local == "URI" {
					fields[name] = attribute.Value
				}
			}
		}
	}
}

// text reads the text of the element that has begun, and its end.
func (r *xmlReader) text() (string, error) {
	var text strings.Builder
	for {
		token, err := r.decoder.Token()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			return "", fmt.Errorf("unexpected element %.40q: expected text", token.Name.Local)
		case xml.EndElement:
			return strings.TrimSpace(text.String()), nil
		}
	}
}

func (f xmlFields) rsa() (crypto.Signer, crypto.PublicKey, error) {
	values := base64Reader{encoding: base64.RawStdEncoding}
	n := func(name string) *big.Int { return values.number(name, f[name]) }
	numbers := rsaNumbers{
		n: n("Modulus"), e: n("Exponent"), d: n("D"), p: n("P"), q: n("Q"),
		dp: n("DP"), dq: n("DQ"), inv: n("InverseQ"),
	}
	if numbers.d == nil {
		numbers.d = n("PrivateExponent") // as the program xmlsec1 writes it
	}
	if values.err != nil {
		return nil, nil, values.err
	}
	return numbers.either()
}

func (f xmlFields) ec() (crypto.Signer, crypto.PublicKey, error) {
	curve, ok := xmlCurves[f["NamedCurve"]]
	if !ok {
		return nil, nil, fmt.Errorf("curve %.60q is not supported: expected the URI of P-256, P-384 or P-521", f["NamedCurve"])
	}
	values := base64Reader{encoding: base64.RawStdEncoding}
	point := values.octets("PublicKey", f["PublicKey"])
	if values.err != nil {
		return nil, nil, values.err
	}
	public, err := ecdsaPublic(curve, point)
	return nil, public, err
}
