package trust

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Redirects says which HTTP redirects are followed: the values of the setting
// FollowRedirects. At most five are, of any kind.
type Redirects int

const (
	RedirectNever      Redirects = iota // a redirect is an error
	RedirectAlways                      // also from https to http and back
	RedirectSameScheme                  // a redirect to the other scheme is an error
)

const (
	maxRedirects = 5
	maxURL       = 2048 // octets of a URL in a certificate
)

// ownTransport serves those who bring no client. It keeps no connections: the
// next request to the same host is hours away.
var ownTransport = &http.Transport{
	Proxy:                  http.ProxyFromEnvironment,
	DisableKeepAlives:      true,
	DisableCompression:     true,
	TLSHandshakeTimeout:    maxTime,
	MaxResponseHeaderBytes: 64 << 10,
	ExpectContinueTimeout:  time.Second,
}

// A fetcher makes one request and bounds what comes of it, but for the time,
// which is the context's affair.
type fetcher struct {
	client    *http.Client // nil: one on ownTransport
	redirects Redirects
	allow     func(host string) bool // nil: every host
	limit     int64                  // octets of the answer
}

func (f fetcher) get(ctx context.Context, from string) ([]byte, error) {
	return f.fetch(ctx, http.MethodGet, from, "", nil)
}

func (f fetcher) post(ctx context.Context, to, contentType string, body []byte) ([]byte, error) {
	return f.fetch(ctx, http.MethodPost, to, contentType, body)
}

func (f fetcher) fetch(ctx context.Context, method, where, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, where, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the URL cannot be read") // the cause quotes it whole, password and all
	}
	if err := f.permit(req.URL); err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	raw, err := f.read(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shorten(req.URL.Redacted()), err)
	}
	return raw, nil
}

func (f fetcher) read(req *http.Request) ([]byte, error) {
	client := http.Client{Transport: ownTransport}
	if f.client != nil {
		client = *f.client
	}
	client.CheckRedirect = f.redirect
	res, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the caller names the URL
		}
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers with status %d", res.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, f.limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > f.limit {
		return nil, fmt.Errorf("the answer is longer than %d octets", f.limit)
	}
	return raw, nil
}

// permit decides about a URL, also that of a redirect.
func (f fetcher) permit(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("%s is no http or https URL", shorten(u.Redacted()))
	case f.allow != nil && !f.allow(u.Hostname()):
		return fmt.Errorf("the host %s may not be asked", shorten(u.Hostname()))
	}
	return nil
}

func (f fetcher) redirect(req *http.Request, via []*http.Request) error {
	to, from := req.URL, via[len(via)-1].URL
	switch {
	case f.redirects == RedirectNever:
		return fmt.Errorf("it redirects to %s, and redirects are not followed (FollowRedirects)", shorten(to.Redacted()))
	case f.redirects != RedirectAlways && to.Scheme != from.Scheme:
		return fmt.Errorf("it redirects to %s, and only redirects to the same scheme are followed", shorten(to.Redacted()))
	case len(via) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	}
	return f.permit(to)
}

// webURLs are the first few of a certificate's URLs that can be asked; other
// schemes, LDAP above all, cannot.
func webURLs(all []string) (urls []string) {
	for _, s := range all {
		scheme, _, _ := strings.Cut(s, ":")
		web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
		if web && len(s) <= maxURL && len(urls) < maxURLs {
			urls = append(urls, s)
		}
	}
	return urls
}

// firstUsable asks the URLs in turn until one has an answer that can be used.
// None may take more than its share of the time that is left, so that a host
// which keeps silent does not speak for the next.
func firstUsable[V any](ctx context.Context, urls []string, ask func(ctx context.Context, url string) (V, error)) (v V, err error) {
	urls = webURLs(urls)
	err = errors.New("it names none with an http or https URL")
	for i, u := range urls {
		if v, err = askInTime(ctx, len(urls)-i, u, ask); err == nil || ctx.Err() != nil {
			break
		}
	}
	return v, err
}

func askInTime[V any](ctx context.Context, shares int, url string, ask func(ctx context.Context, url string) (V, error)) (V, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	return ask(ctx, url)
}
