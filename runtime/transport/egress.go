package transport

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Design: what an address is, is decided when the connection is made, after names have been looked up, and for each
// address that is tried: a name that leads elsewhere the second time (DNS rebinding) gains nothing. Hosts that an
// author named and others have pools of connections of their own, so that no request is lent a connection that it
// could not have made. The latter are never reached through a proxy, since a proxy looks names up by itself.

// NewBase returns a pooled connection maker: HTTP/2 where offered, proxies from the environment, enough
// idle connections for concurrent loops, bounded headers. It goes to every address but those of the machine's own
// link, where clouds hand out credentials, unless the URL has that very address in it.
func NewBase() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer(named),
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: MaxHeader,
	}
}

// NewGuarded returns one that goes to public addresses only, and never through a proxy.
func NewGuarded() *http.Transport {
	t := NewBase()
	t.Proxy, t.DialContext = nil, dialer(unnamed)
	return t
}

// dialer returns a dial function that asks allow about every address that it tries; literal says that the URL
// has the address in it.
func dialer(allow func(ip netip.Addr, literal bool) string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		_, err := netip.ParseAddr(host)
		d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
		d.Control = func(_, resolved string, _ syscall.RawConn) error {
			at, perr := netip.ParseAddrPort(resolved)
			if perr != nil {
				return &forbidden{host, resolved, "is no address"}
			}
			if why := allow(at.Addr(), err == nil); why != "" {
				return &forbidden{host, at.Addr().String(), why}
			}
			return nil
		}
		return d.DialContext(ctx, network, address)
	}
}

// forbidden says that a name leads to an address where requests may not go.
type forbidden struct{ host, address, why string }

func (f *forbidden) Error() string {
	if f.host == f.address {
		return fmt.Sprintf("%s %s", f.host, f.why)
	}
	return fmt.Sprintf("%s leads to %s, which %s", f.host, f.address, f.why)
}

// named allows what an author may mean by a name.
func named(ip netip.Addr, literal bool) string {
	if ip = bare(ip); literal || !metadata(ip) {
		return ""
	}
	return "is where this machine's own credentials are handed out: no name of an API may lead there"
}

// unnamed allows public addresses.
func unnamed(ip netip.Addr, _ bool) string {
	ip = bare(ip)
	switch {
	case metadata(ip):
		return "is where this machine's own credentials are handed out"
	case ip.IsLoopback(), ip.IsUnspecified():
		return "is this machine, and the author named no such server"
	case !ip.IsGlobalUnicast(), ip.IsPrivate(), slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) }):
		return "is not a public address, and the author named no such server"
	}
	return ""
}

// bare is an address without its zone, and the IPv4 address that an IPv6 address stands for.
func bare(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() || ip.IsLoopback() || ip.IsUnspecified() {
		return ip
	}
	b := ip.As16()
	for _, p := range translated {
		if p.prefix.Contains(ip) {
			return netip.AddrFrom4([4]byte(b[p.at : p.at+4]))
		}
	}
	return ip
}

// translated are prefixes of IPv6 addresses in which an IPv4 address stands: NAT64 (RFC 6052), 6to4 (RFC 3056), and
// compatible ones (RFC 4291 §2.5.5.1).
var translated = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
	{netip.MustParsePrefix("::/96"), 12},
}

// metadata reports whether an address is of the machine's own link, or one at which a cloud offers its metadata.
func metadata(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() || ip == netip.MustParseAddr("fd00:ec2::254") || ip == netip.MustParseAddr("100.100.100.200") || ip == netip.MustParseAddr("168.63.129.16")
}

// reserved are further addresses that are not public: of this network, of carriers, for benchmarks, for documents, for later use.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("fec0::/10"),
}

// base returns what connects to a URL's host.
func (a *attempt) base(u *url.URL) http.RoundTripper {
	if slices.Contains(a.r.Named, Host(u)) || upgraded(a.r.URL, u) && slices.Contains(a.r.Named, Host(a.r.URL)) {
		return a.c.Via(a.r.TLS)
	}
	return a.c.via(a.r.TLS, a.c.guarded, " guarded")
}
