//! A connection that has begun well: plain or TLS, and HTTP/2's first 24 bytes were read and found right.
//!
//! They are read before HTTP/2 is begun, so that whoever connects and says nothing, or something else, is a handshake that
//! failed and not a connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{certificates::Certificates, peer::Peer};

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long, and for how many KiB, a caller that failed its handshake is listened to.
const LAST_WORDS: Duration = Duration::from_secs(1);
const UNREAD_MAX: usize = 64;

/// The bytes of a connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    /// What of the preface HTTP/2 has yet to be shown.
    preface: &'static [u8],
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Shakes hands.
    pub(super) async fn open(tcp: TcpStream, certificates: Option<&Certificates>) -> io::Result<(Self, Peer)> {
        // Small answers must not wait for the acknowledgement of those before.
        tcp.set_nodelay(true)?;
        let address = tcp.peer_addr()?;
        let (mut stream, peer) = match certificates {
            None => (Stream::Plain(tcp), Peer::uncertified(address)),
            Some(certificates) => {
                let accepted = TlsAcceptor::from(certificates.current()).accept(tcp).into_fallible().await;
                let tls = match accepted {
                    Ok(tls) => tls,
                    Err((error, tcp)) => {
                        last_words(tcp).await;
                        return Err(error);
                    }
                };
                let shown = tls.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let peer = match shown {
                    Some(certificate) => Peer::certified(address, certificate),
                    None if certificates.ask_for_one() => Peer::stranger(address),
                    None => Peer::uncertified(address),
                };
                (Stream::Tls(Box::new(tls)), peer)
            }
        };
        let mut preface = [0; PREFACE.len()];
        stream.read_exact(&mut preface).await?;
        if preface != *PREFACE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not speak HTTP/2"));
        }
        Ok((Self { stream, preface: PREFACE }, peer))
    }
}

/// A caller whose certificate is not taken has begun to speak by the time it is told. Closed over its unread words, the
/// connection would be reset, and the alert that says why would be lost.
async fn last_words(mut tcp: TcpStream) {
    let hear = async {
        tcp.shutdown().await?;
        let mut unread = [0; 1024];
        for _ in 0..UNREAD_MAX {
            if tcp.read(&mut unread).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    };
    // Whatever comes of it, the connection is over.
    let _heard = timeout(LAST_WORDS, hear).await;
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.preface.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, into);
        }
        let (now, later) = self.preface.split_at(self.preface.len().min(into.remaining()));
        into.put_slice(now);
        self.preface = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, from),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, from),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, from),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}
