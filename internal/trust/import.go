package trust

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// CodeImport is the code of every error of [Importer.Import].
const CodeImport = 691

// Limits of one import.
const (
	maxImport  = 16 << 20 // octets in all
	maxCerts   = 4096
	importTime = 30 * time.Second
	pemBegin   = "-----BEGIN "
)

// An Importer reads the CA certificates that a gateway trusts. The zero value
// reads PEM, DER and base64, and follows no redirects.
type Importer struct {
	// Redirects is the setting FollowRedirects.
	Redirects Redirects

	// Parse reads what is neither PEM, DER nor base64 of a certificate, for
	// example a P7B file; nil refuses that. It may get anything of up to 16
	// MiB, PEM blocks of PKCS #7 by themselves.
	Parse func([]byte) ([]*x509.Certificate, error)

	// Client makes the requests; nil means one of the package's own.
	Client *http.Client

	// Timeout bounds the import; 0 means 30 seconds.
	Timeout time.Duration
}

// Import reads the certificates that source, the value of TrustedCertsData,
// points at: PEM text, an http or https URL, a file, or a folder. Of a folder
// it reads the files whose names end in .pem, .crt, .cer, .der, .p7b or .p7c,
// and none of its subfolders. A certificate that occurs twice is returned once;
// keys and CRLs in PEM are passed over. Whether a certificate may issue others
// is for the verification to decide: partners' own certificates may be trusted,
// too.
//
// A file without a certificate, a broken certificate, more than 16 MiB or 4096
// certificates are errors. Every error is a [*trap.Error] of code 691 that says
// what it was, and there is no certificate then.
func (i *Importer) Import(ctx context.Context, source string) ([]*x509.Certificate, error) {
	timeout := i.Timeout
	if timeout <= 0 {
		timeout = importTime
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c := collection{parse: i.Parse, left: maxImport, seen: map[string]bool{}}
	if err := i.collect(ctx, source, &c); err != nil {
		return nil, trap.New(CodeImport, "the trusted certificates cannot be imported: %w", err)
	}
	return c.certs, nil
}

func (i *Importer) collect(ctx context.Context, source string, c *collection) error {
	switch scheme, _, isURL := strings.Cut(source, "://"); {
	case strings.TrimSpace(source) == "":
		return fmt.Errorf("TrustedCertsData is empty; it takes PEM text, a file, a folder or a URL")
	case strings.Contains(source, pemBegin):
		return c.add("the text", []byte(source))
	case isURL && !strings.ContainsAny(scheme, `/\`):
		raw, err := fetcher{client: i.Client, redirects: i.Redirects, limit: maxImport}.get(ctx, source)
		if err != nil {
			return err
		}
		return c.add("the answer", raw)
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return c.addFolder(ctx, source)
	}
	return c.addFile(source)
}

// A collection is what an import has found so far.
type collection struct {
	parse func([]byte) ([]*x509.Certificate, error)
	left  int64 // octets that may still be read
	seen  map[string]bool
	certs []*x509.Certificate
}

// extensions are the names of files that certificates are in.
var extensions = []string{".pem", ".crt", ".cer", ".der", ".p7b", ".p7c"}

func (c *collection) addFolder(ctx context.Context, folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.IsDir() || !slices.Contains(extensions, strings.ToLower(filepath.Ext(f.Name()))) {
			continue
		}
		if err := c.addFile(filepath.Join(folder, f.Name())); err != nil {
			return err
		}
	}
	if len(c.certs) == 0 {
		return fmt.Errorf("the folder %s has no file with a certificate (%s)", folder, strings.Join(extensions, ", "))
	}
	return nil
}

func (c *collection) addFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path) // a pipe would keep silent
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	raw, err := io.ReadAll(io.LimitReader(file, c.left+1))
	if err != nil {
		return err
	}
	return c.add(path, raw)
}

// add takes the certificates of a file or of what stands for one.
func (c *collection) add(what string, raw []byte) error {
	if c.left -= int64(len(raw)); c.left < 0 {
		return fmt.Errorf("%s goes beyond the limit of %d octets", what, maxImport)
	}
	certs, err := decode(raw, c.parse)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	for _, cert := range certs {
		if c.seen[string(cert.Raw)] {
			continue
		}
		if len(c.certs) == maxCerts {
			return fmt.Errorf("%s goes beyond the limit of %d certificates", what, maxCerts)
		}
		c.seen[string(cert.Raw)] = true
		c.certs = append(c.certs, cert)
	}
	return nil
}
