// Certview prints what is in a store of certificates and keys.
//
//	certview server.pem
//	certview -password secret -all keystore.jks
//	certview -password secret -key-password other -subject CN=www.server.com -json server.pfx
//
// The type of the store is found out from its first octets; -type names one by
// the number of StoreType, for which FILE is a file in any case, even for the
// types that take contents. Of several entries it prints the one that the
// library would use: the first with a private key, or the one that -subject
// describes. -all prints every one.
//
// With -json it prints one object whose keys are the fields of the documented
// Certificate type, or with -all a list of them. Passwords are not printed, and
// the private key only with -private. StoreB and EncodedB are left out: Store
// and Encoded say the same.
//
// It ends with exit code 1 and one line on standard error when the store cannot
// be opened or has nothing that fits. A password on a command line can be seen
// by other users of the machine: this program is for looking at test keys and
// at stores without secrets.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/ediport/ediport/certstore"
)

// options are the flags of the command line.
type options struct {
	source             certstore.Source
	all, json, private bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "certview:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	kind := flag.Int("type", int(certstore.StoreAuto), "`NUMBER` of the store type: 2 PFX, 4 JKS, 6 PEM, 8 certificate, 11 P7B, 14 PPK ... 99 finds it out")
	flag.StringVar(&o.source.Password, "password", "", "`PASSWORD` of the store")
	flag.StringVar(&o.source.KeyPassword, "key-password", "", "`PASSWORD` of the private key, if it is another")
	flag.StringVar(&o.source.Subject, "subject", "", "`NAME` or a part of it, or Thumbprint=HEX: the certificate that is meant")
	flag.BoolVar(&o.all, "all", false, "print every entry")
	flag.BoolVar(&o.json, "json", false, "print JSON")
	flag.BoolVar(&o.private, "private", false, "print the private key too: keep the output secret")
	flag.Usage = usage
	flag.Parse()
	switch {
	case flag.NArg() != 1:
		return errors.New("one FILE is needed, after the flags: see -h")
	case o.all && o.source.Subject != "":
		return errors.New("-all prints every entry, -subject one: use either")
	}
	o.source.Type, o.source.Store = certstore.StoreType(*kind), flag.Arg(0)
	return o.view(os.Stdout)
}

func usage() {
	fmt.Fprintln(flag.CommandLine.Output(), "usage: certview [flags] FILE")
	flag.PrintDefaults()
}

// view writes what the options ask for.
func (o options) view(w io.Writer) error {
	entries, others, err := o.entries()
	if err != nil {
		return err
	}
	var objects []object
	for _, c := range entries {
		objects = append(objects, o.describe(c))
	}
	switch {
	case o.json && o.all:
		return writeJSON(w, objects)
	case o.json:
		return writeJSON(w, objects[0])
	}
	for i, c := range entries {
		if i > 0 {
			fmt.Fprintln(w)
		}
		writeText(w, objects[i], c)
		if o.private {
			fmt.Fprint(w, c.PrivateKey())
		}
	}
	if others > 0 {
		fmt.Fprintf(w, "\n%d more in this store: -all prints them too\n", others)
	}
	return nil
}

// entries opens the store. Others counts what is in it besides.
func (o options) entries() (entries []*certstore.Certificate, others int, err error) {
	source, err := fromFile(o.source)
	if err != nil {
		return nil, 0, err
	}
	if o.all {
		entries, err = source.List()
		return entries, 0, err
	}
	c, err := source.Open()
	if err != nil || o.json {
		return []*certstore.Certificate{c}, 0, err
	}
	list, err := source.List()
	return []*certstore.Certificate{c}, len(list) - 1, err
}

// fromFile reads the file for the types that take contents.
func fromFile(s certstore.Source) (certstore.Source, error) {
	switch s.Type {
	case certstore.StorePFXBlob, certstore.StoreJKSBlob, certstore.StorePEMKeyBlob, certstore.StorePublicKeyBlob,
		certstore.StoreSSHPublicKeyBlob, certstore.StoreP7BBlob, certstore.StorePPKBlob, certstore.StoreXMLBlob,
		certstore.StoreJWKBlob, certstore.StoreBCFKSBlob:
		octets, err := os.ReadFile(s.Store)
		s.Store = string(octets)
		return s, err
	}
	return s, nil
}

// A field is one of the documented ones. Long ones are not part of the text.
type field struct {
	name  string
	value any
	long  bool
}

// object is one entry of the store, with its fields in order.
type object []field

// describe reads the fields of a certificate.
func (o options) describe(c *certstore.Certificate) object {
	list := object{
		{name: "Subject", value: c.Subject()},
		{name: "Issuer", value: c.Issuer()},
		{name: "SerialNumber", value: c.SerialNumber()},
		{name: "Version", value: c.Version()},
		{name: "EffectiveDate", value: c.EffectiveDate()},
		{name: "ExpirationDate", value: c.ExpirationDate()},
		{name: "SubjectAltNames", value: c.SubjectAltNames()},
		{name: "Usage", value: c.Usage()},
		{name: "UsageFlags", value: c.UsageFlags(), long: true},
		{name: "ExtendedKeyUsage", value: c.ExtendedKeyUsage()},
		{name: "SignatureAlgorithm", value: c.SignatureAlgorithm()},
		{name: "PublicKeyAlgorithm", value: c.PublicKeyAlgorithm()},
		{name: "PublicKeyLength", value: c.PublicKeyLength()},
		{name: "PrivateKeyAvailable", value: c.PrivateKeyAvailable()},
		{name: "PrivateKeyContainer", value: c.PrivateKeyContainer()},
		{name: "Fingerprint", value: c.Fingerprint()},
		{name: "FingerprintSHA1", value: c.FingerprintSHA1()},
		{name: "FingerprintSHA256", value: c.FingerprintSHA256()},
		{name: "ThumbprintMD5", value: c.ThumbprintMD5(), long: true},
		{name: "ThumbprintSHA1", value: c.ThumbprintSHA1(), long: true},
		{name: "ThumbprintSHA256", value: c.ThumbprintSHA256(), long: true},
		{name: "StoreType", value: int(c.StoreType()), long: true},
		{name: "Store", value: o.source.Store, long: true},
		{name: "Encoded", value: c.Encoded(), long: true},
		{name: "PublicKey", value: c.PublicKey(), long: true},
	}
	if o.private {
		list = append(list, field{name: "PrivateKey", value: c.PrivateKey(), long: true})
	}
	return list
}

// MarshalJSON keeps the order of the fields.
func (o object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			out = append(out, ',')
		}
		var value bytes.Buffer
		if err := plainEncoder(&value).Encode(f.value); err != nil {
			return nil, err
		}
		out = fmt.Appendf(out, "%q:%s", f.name, value.Bytes())
	}
	return append(out, '}'), nil
}

func writeJSON(w io.Writer, value any) error {
	encoder := plainEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// plainEncoder leaves the characters of names such as "<none> & Co" as they are.
func plainEncoder(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder
}

// writeText prints the short fields that are not empty, one on a line, and the
// names of the issuers that are in the store.
func writeText(w io.Writer, o object, c *certstore.Certificate) {
	fmt.Fprintf(w, "%-20s %v\n", "StoreType", c.StoreType())
	for _, f := range o {
		text := fmt.Sprint(f.value)
		if !f.long && text != "" {
			fmt.Fprintf(w, "%-20s %s\n", f.name, printable(text))
		}
	}
	for _, issuer := range c.Chain()[min(1, len(c.Chain())):] {
		if parsed, err := certstore.FromX509(issuer, nil); err == nil {
			fmt.Fprintf(w, "%-20s %s\n", "chain", printable(parsed.Subject()))
		}
	}
}

// printable keeps control characters in names off the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}
