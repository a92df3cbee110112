package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"
)

// client is a connection to a host, and the one to its proxy.
type client struct {
	*ssh.Client
	proxy *ssh.Client
}

// Close closes the connection and then its proxy's.
func (c *client) Close() error {
	err := c.Client.Close()
	if c.proxy != nil {
		err = errors.Join(err, c.proxy.Close())
	}
	return err
}

// dialFunc opens a stream to an address: over the network or from a proxy.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dial connects and logs in, through the proxy if there is one. Cancelling ctx closes the connection.
func (c *Connection) dial(ctx context.Context) (*client, error) {
	network := (&net.Dialer{}).DialContext
	if c.Proxy == nil {
		direct, err := c.connect(ctx, network)
		if err != nil {
			return nil, err
		}
		return closeOnCancel(ctx, &client{Client: direct}), nil
	}
	proxy, err := c.Proxy.connect(ctx, network)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	target, err := c.connect(ctx, proxy.DialContext)
	if err != nil {
		_ = proxy.Close()
		return nil, fmt.Errorf("through proxy %s: %w", c.Proxy.address(), err)
	}
	return closeOnCancel(ctx, &client{Client: target, proxy: proxy}), nil
}

func closeOnCancel(ctx context.Context, c *client) *client {
	context.AfterFunc(ctx, func() { _ = c.Close() })
	return c
}

// connect tries to log in until it succeeds, fails for good, or has failed more than dialErrorLimit times.
func (e *Endpoint) connect(ctx context.Context, dial dialFunc) (*ssh.Client, error) {
	var connected *ssh.Client
	done, _, err := retry.Until(ctx, retry.Acceptor{Accept: func(try int, wait time.Duration) (bool, any, error) {
		var err error
		connected, err = e.attempt(ctx, dial)
		if err == nil {
			return true, nil, nil
		}
		failures := try + 1
		if limit := e.dialErrorLimit(); isFinal(err) || (limit != unlimited && failures > limit) {
			return true, nil, fmt.Errorf("cannot connect to %s (attempts: %d): %w", e.address(), failures, err)
		}
		p.GetLogger(ctx).InfoStatusf("connecting to %s: attempt %d failed (%v), next in %v",
			e.address(), failures, err, wait.Round(time.Millisecond))
		return false, nil, nil
	}})
	if err == nil && !done {
		err = fmt.Errorf("connecting to %s: %w", e.address(), context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	return connected, nil
}

// attempt connects and logs in once, in at most perDialTimeout for everything together.
func (e *Endpoint) attempt(ctx context.Context, dial dialFunc) (*ssh.Client, error) {
	config, closeAgent, err := e.clientConfig(ctx)
	if err != nil {
		return nil, err
	}
	defer closeAgent()
	if limit := e.perDialTimeout(); limit > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer in %v", limit))
		defer cancel()
	}
	conn, err := dial(ctx, "tcp", e.address())
	if err != nil {
		return nil, because(ctx, err)
	}
	// Neither the handshake nor a stream from a proxy knows deadlines: closing the stream ends both.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	sshConn, channels, requests, err := ssh.NewClientConn(conn, e.address(), config)
	if !stop() {
		return nil, because(ctx, err)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return ssh.NewClient(sshConn, channels, requests), nil
}

// because puts the reason why ctx ended, if it has, before the error that came of it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w (%v)", cause, err)
	}
	return err
}
